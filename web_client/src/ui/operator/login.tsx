import { useState } from "preact/hooks";
import { Refused } from "../../core/problems";
import { attempt, enter, notice, people, t } from "./desk";
import { Enrol } from "./people/enrol";

/** Who are you? In two steps: the second asks for a code, and nothing says which part was wrong. */
export function Login() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [mustEnrol, setMustEnrol] = useState(false);
  const words = t().people;

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await attempt(async () => {
      try {
        const signedIn = await people.login(email, password, code);
        if (signedIn.must_enrol) setMustEnrol(true);
        else enter(signedIn);
      } catch (error) {
        if (error instanceof Refused && error.slug === "second-factor-needed") return setCode("");
        if (code !== null) setCode("");
        throw error;
      }
    });
    setBusy(false);
  };
  const restart = (): void => {
    setCode(null);
    setPassword("");
    notice.value = null;
  };

  if (mustEnrol) {
    return (
      <main class="login">
        <div class="sheet">
          <h1>{t().title}</h1>
          <p>{words.mustEnrol}</p>
          <Enrol password={password} onDone={() => void attempt(async () => enter(await people.me()))} onLater={null} />
        </div>
      </main>
    );
  }
  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)}>
        <h1>{t().title}</h1>
        {code === null ? (
          <>
            <label>
              {t().email}
              <input type="email" autocomplete="username" required value={email} onInput={(e) => setEmail(e.currentTarget.value)} />
            </label>
            <label>
              {t().password}
              <input
                type="password"
                autocomplete="current-password"
                required
                value={password}
                onInput={(e) => setPassword(e.currentTarget.value)}
              />
            </label>
          </>
        ) : (
          <>
            <p>{words.enterCode}</p>
            <label>
              {words.code}
              <input
                key="code"
                autocomplete="one-time-code"
                autocapitalize="none"
                spellcheck={false}
                maxLength={16}
                required
                autofocus
                value={code}
                onInput={(e) => setCode(e.currentTarget.value)}
              />
            </label>
          </>
        )}
        <p role="alert">{notice.value}</p>
        <button class="primary" disabled={isBusy}>
          {t().signIn}
        </button>
        {code !== null && (
          <button type="button" onClick={restart}>
            {words.back}
          </button>
        )}
      </form>
    </main>
  );
}
