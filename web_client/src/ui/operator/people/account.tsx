import { useEffect, useState } from "preact/hooks";
import { attempt, day, go, me, notice, people, t, when } from "../desk";
import { useKeys } from "../keys";
import type { Account as AccountView } from "./api";
import { Enrol } from "./enrol";
import { Recovery } from "./recovery";

/** One's own account: password, second factor, browsers. */
export function Account() {
  const words = t().people;
  const [account, setAccount] = useState<AccountView | null>(null);
  useEffect(() => void attempt(async () => setAccount(await people.account())), []);
  useKeys({ Escape: () => go("/operator") });
  if (account === null) return <main class="people" aria-busy="true" />;
  const leaveEverywhere = (): void => void attempt(() => people.endSessions()).then((isDone) => isDone && (me.value = null));
  return (
    <main class="people account">
      <header>
        <h1>{account.operator.name}</h1>
        <span class="faint">
          {account.email} · {words.roles[account.operator.role]} · {account.organisation.name}
        </span>
      </header>
      <Password onChanged={setAccount} />
      <Factor account={account} onChanged={setAccount} />
      <section class="wide">
        <h2>{words.sessions}</h2>
        <table>
          <thead>
            <tr>
              <th>{words.device}</th>
              <th>{words.since}</th>
              <th>{words.until}</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {account.sessions.map((one) => (
              <tr key={one.id}>
                <td>
                  {one.device ?? words.unknownDevice} {one.is_this && <strong>· {words.here}</strong>}
                </td>
                <td>{when(one.created_at)}</td>
                <td>{when(one.expires_at)}</td>
                <td class="number">
                  {!one.is_this && (
                    <button onClick={() => void attempt(async () => setAccount(await people.endSession(one.id)))}>{words.end}</button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <p>
          <button onClick={leaveEverywhere}>{words.endAll}</button>
        </p>
      </section>
    </main>
  );
}

function Password({ onChanged }: { readonly onChanged: (now: AccountView) => void }) {
  const words = t().people;
  const [present, setPresent] = useState("");
  const [next, setNext] = useState("");
  const [isDone, setDone] = useState(false);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const done = await attempt(async () => onChanged(await people.changePassword(present, next)));
    setDone(done);
    if (!done) return;
    setPresent("");
    setNext("");
  };
  return (
    <section>
      <h2>{words.password}</h2>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          {words.passwordNow}
          <input type="password" autocomplete="current-password" required value={present} onInput={(e) => setPresent(e.currentTarget.value)} />
        </label>
        <label>
          {words.passwordNew}
          <input
            type="password"
            autocomplete="new-password"
            minLength={12}
            required
            value={next}
            onInput={(e) => setNext(e.currentTarget.value)}
          />
          <small>{words.weakPassword}</small>
        </label>
        <p class="actions">
          <button>{words.passwordChange}</button> {isDone && <span role="status">{words.passwordChanged}</span>}
        </p>
      </form>
    </section>
  );
}

interface FactorProps {
  readonly account: AccountView;
  readonly onChanged: (now: AccountView) => void;
}

/** The second factor; whatever changes it asks for the password first. */
function Factor({ account, onChanged }: FactorProps) {
  const words = t().people;
  const factor = account.second_factor;
  const [password, setPassword] = useState("");
  const [isEnrolling, setEnrolling] = useState(false);
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const renew = async (): Promise<void> => {
    setEnrolling(false);
    setCodes(null);
    setPassword("");
    await attempt(async () => onChanged(await people.account()));
  };
  if (isEnrolling) {
    return (
      <section>
        <Enrol password={password} onDone={() => void renew()} onLater={() => void renew()} />
      </section>
    );
  }
  if (codes !== null) return <Recovery codes={codes} onKept={() => void renew()} />;
  const begin = (event: Event): void => {
    event.preventDefault();
    notice.value = null;
    setEnrolling(true);
  };
  const off = (): void =>
    void attempt(async () => {
      onChanged(await people.removeSecondFactor(password));
      setPassword("");
    });
  return (
    <section>
      <h2>{words.secondFactor}</h2>
      <p>
        {factor.is_on ? (
          <>
            <strong class="good">{words.onSince(day(factor.since!))}</strong> · {words.recoveryLeft(factor.recovery_codes_left)}
          </>
        ) : (
          <strong>{words.off}</strong>
        )}
      </p>
      <p class="faint">{words.secondFactorWhy}</p>
      <form onSubmit={begin}>
        <label>
          {words.passwordNow}
          <input type="password" autocomplete="current-password" required value={password} onInput={(e) => setPassword(e.currentTarget.value)} />
        </label>
        <p class="actions">
          <button class={factor.is_on ? "" : "primary"}>{factor.is_on ? words.replace : words.setUp}</button>
          {factor.is_on && (
            <button
              type="button"
              disabled={password === ""}
              onClick={() => void attempt(async () => setCodes(await people.renewRecoveryCodes(password)))}
            >
              {words.renew}
            </button>
          )}
          {factor.is_on && !factor.is_required && (
            <button type="button" disabled={password === ""} onClick={off}>
              {words.remove}
            </button>
          )}
        </p>
      </form>
    </section>
  );
}
