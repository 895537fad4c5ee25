import { useEffect, useState } from "preact/hooks";
import { Refused } from "../../core/problems";
import { Case } from "./case";
import { api, attempt, carName, chooseLanguage, enter, go, language, me, notice, path, people, t } from "./desk";
import { followFeed } from "./feed";
import { useKeys } from "./keys";
import { Login } from "./login";
import { Account } from "./people/account";
import { Join } from "./people/join";
import { Team } from "./people/team";
import { Queue } from "./queue";
import { loadQueue, rows } from "./queue-model";
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
        enter(await people.me());
      } catch (error) {
        me.value = null;
        if (!(error instanceof Refused)) throw error;
      }
    });
    return () => removeEventListener("popstate", back);
  }, []);
  // Read once and taken out of the address, so that no history and no screenshot keeps it.
  const [token] = useState(() => takeToken());
  const isSignedIn = Boolean(me.value);
  // On every page of the desk: colleagues see who is there, and whoever waits is counted.
  useEffect(() => (isSignedIn ? followFeed(() => void loadQueue()) : undefined), [isSignedIn, language.value]);
  useKeys({ "?": () => setHelpOpen(!isHelpOpen), ...(isHelpOpen ? { Escape: () => setHelpOpen(false) } : {}) });

  if (path.value === "/operator/join") return <Join token={token} />;
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
        <Waiting besides={opened ?? null} />
        <p role="alert">{notice.value}</p>
        <button onClick={() => setHelpOpen(!isHelpOpen)}>
          {texts.keys} <kbd>?</kbd>
        </button>
        <button lang={language.value === "fr" ? "en" : "fr"} onClick={() => chooseLanguage(language.value === "fr" ? "en" : "fr")}>
          {language.value === "fr" ? "English" : "Français"}
        </button>
        {me.value.role === "admin" && <PageLink to="/operator/team" text={texts.people.team} />}
        <PageLink to="/operator/account" text={me.value.name} title={texts.people.account} />
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
      {path.value === "/operator/account" ? (
        <Account />
      ) : path.value === "/operator/team" && me.value.role === "admin" ? (
        <Team />
      ) : !opened ? (
        <Queue />
      ) : page ? (
        <Replay key={opened} id={opened} />
      ) : (
        <Case key={opened} id={opened} isCovered={isHelpOpen} />
      )}
    </>
  );
}

interface PageLinkProps {
  readonly to: string;
  readonly text: string;
  readonly title?: string;
}

/** A page of the desk, opened without loading it anew. */
function PageLink({ to, text, title }: PageLinkProps) {
  const open = (event: Event): void => {
    event.preventDefault();
    go(to);
  };
  return (
    <a class="page" href={to} title={title} aria-current={path.value === to ? "page" : undefined} onClick={open}>
      {text}
    </a>
  );
}

function takeToken(): string {
  if (location.pathname !== "/operator/join") return "";
  const token = location.hash.slice(1);
  if (token !== "") history.replaceState(null, "", location.pathname);
  return token;
}

/** Who waits for somebody, beside the case that is open; an operator works in several tabs, so the title says it too. */
function Waiting({ besides }: { readonly besides: string | null }) {
  const texts = t();
  const waiting = rows.value.filter((each) => each.needs.length > 0 && each.id !== besides);
  useEffect(() => {
    if (besides === null) document.title = waiting.length > 0 ? `(${waiting.length}) ${texts.title}` : texts.title;
  }, [besides, waiting.length, texts.title]);
  const first = waiting[0];
  if (besides === null || first === undefined) return null;
  return (
    <button class={`waiting ${first.needs[0]}`} onClick={() => go("/operator")}>
      {texts.live.othersWait(waiting.length)} · {carName(first.vehicle)}{texts.colon}{texts.needs[first.needs[0]!]}
    </button>
  );
}
