/** Chooses what is on the screen from where the seller is. */

import type { JSX } from "preact";
import { useEffect } from "preact/hooks";

import { language, state, words } from "./context";
import { Consents } from "./Consents";
import { Late } from "./Late";
import { Closed, Stopped, Unreached } from "./Stopped";
import { StepScreen } from "./StepScreen";
import { TakeOver } from "./TakeOver";
import { Welcome } from "./Welcome";

export function App(): JSX.Element {
  const lang = language.value;
  useEffect(() => {
    document.documentElement.lang = lang;
  }, [lang]);

  const now = state.value;
  switch (now.at) {
    case "starting":
      return (
        <main class="page" data-screen="starting">
          <p role="status">{words.value.loading}</p>
        </main>
      );
    case "unreached":
      return <Unreached />;
    case "stopped":
      return <Stopped why={now.why} />;
    case "welcome":
      return <Welcome preview={now.preview} />;
    case "takeover":
      return <TakeOver preview={now.preview} sentTo={now.sentTo} />;
    case "inside":
      break;
  }
  const place = now.place;
  switch (place.screen) {
    case "consents":
      return <Consents view={now.view} />;
    case "step":
      return <StepScreen stepId={place.stepId} shot={place.shot} />;
    case "closed":
      return <Closed state={now.view.inspection.state} />;
    default:
      return <Late screen={place.screen} />;
  }
}
