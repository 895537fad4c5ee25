/** Starts the verification page, from the service or from a saved copy. */
import { render } from "preact";
import { Page } from "./page";
import { language, offerRoots } from "./state";
import "./verify.css";

const app = document.getElementById("app")!;
// A browser that saves a page as it stands leaves what was shown in it.
app.replaceChildren();
const source = `<!doctype html>\n${document.documentElement.outerHTML}`;
document.documentElement.lang = language.value;
render(<Page source={source} />, app);
void offerRoots(document.getElementById("roots")?.textContent ?? "{}");
