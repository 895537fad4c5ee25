import { useEffect, useState } from "preact/hooks";
import { Refused } from "../../core/problems";
import { Case } from "./case";
import { api, attempt, chooseLanguage, go, language, me, notice, path, t } from "./desk";
import { useKeys } from "./keys";
import { Login } from "./login";
import { Queue } from "./queue";
import { Replay } from "./replay/replay";

/** The operator's page: sign in, the list, one inspection. The address says which, so that a reload stays there. */
export function App() {
  const [isHelpOpen, setHelpOpen] = useState(false);
  useEffect(() => {
    chooseLanguage(language.value);
    const back = (): void => void (path.value = location.pathname);
    addEventListener("popstate", back);
    void attempt(async () => {
      try {
        me.value = await api.me();
      } catch (error) {
        me.value = null;
        if (!(error instanceof Refused)) throw error;
      }
    });
    return () => removeEventListener("popstate", back);
  }, []);
  useKeys({ "?": () => setHelpOpen(!isHelpOpen), ...(isHelpOpen ? { Escape: () => setHelpOpen(false) } : {}) });

  if (me.value === undefined) return null;
  if (me.value === null) return <Login />;
  const [, opened, page] = /^\/operator\/inspections\/([\w-]+)(\/replay)?$/.exec(path.value) ?? [];
  const texts = t();
  return (
    <>
      <div class="bar">
        <a
          href="/operator"
          onClick={(event) => {
            event.preventDefault();
            go("/operator");
          }}
        >
          {texts.title}
        </a>
        <p role="alert">{notice.value}</p>
        <button onClick={() => setHelpOpen(!isHelpOpen)}>
          {texts.keys} <kbd>?</kbd>
        </button>
        <button lang={language.value === "fr" ? "en" : "fr"} onClick={() => chooseLanguage(language.value === "fr" ? "en" : "fr")}>
          {language.value === "fr" ? "English" : "Français"}
        </button>
        <span>{me.value.name}</span>
        <button onClick={() => void attempt(() => api.logout()).then(() => (me.value = null))}>{texts.signOut}</button>
      </div>
      {isHelpOpen && (
        <dl class="keys">
          {texts.keyHelp.map(([key, what]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      )}
      {!opened ? <Queue /> : page ? <Replay key={opened} id={opened} /> : <Case key={opened} id={opened} isCovered={isHelpOpen} />}
    </>
  );
}
