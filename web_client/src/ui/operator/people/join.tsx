import { useEffect, useState } from "preact/hooks";
import { Refused } from "../../../core/problems";
import { attempt, enter, go, notice, people, t } from "../desk";
import type { JoinPreview, SignedIn } from "./api";
import { Enrol } from "./enrol";

/** An invitation's page: name, password, second factor; then the desk. The token is taken out of the address at once. */
export function Join({ token }: { readonly token: string }) {
  const words = t().people;
  const [preview, setPreview] = useState<JoinPreview | "gone" | null>(null);
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [joined, setJoined] = useState<SignedIn | null>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    if (token === "") return;
    void attempt(async () => {
      try {
        const found = await people.previewJoin(token);
        setPreview(found);
        setName(found.name);
      } catch (error) {
        if (!(error instanceof Refused) || (error.status !== 404 && error.status !== 410)) throw error;
        setPreview("gone");
      }
    });
  }, [token]);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await attempt(async () => setJoined(await people.join(token, name, password)));
    setBusy(false);
  };
  const arrive = (): void => {
    void attempt(async () => {
      enter(await people.me());
      go("/operator");
    });
  };
  if (joined !== null) {
    return (
      <main class="login">
        <div class="sheet">
          <h1>{joined.organisation.name}</h1>
          <p>{joined.must_enrol ? words.mustEnrol : words.secondFactorWhy}</p>
          <Enrol password={password} onDone={arrive} onLater={joined.must_enrol ? null : arrive} />
        </div>
      </main>
    );
  }
  if (token === "" || preview === "gone") {
    return (
      <main class="login">
        <div class="sheet">
          <h1>{token === "" ? words.joinNoToken : words.joinGone}</h1>
          {token !== "" && <p>{words.joinGoneHow}</p>}
          <p>
            <a href="/operator">{words.toSignIn}</a>
          </p>
        </div>
      </main>
    );
  }
  if (preview === null) return <main class="login" aria-busy="true">{notice.value}</main>;
  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)}>
        <h1>{words.joinTitle(preview.organisation)}</h1>
        <p>{words.joinAs(preview.email, words.roles[preview.role])}</p>
        {/* So that a password manager keeps the new password under this address. */}
        <input type="email" autocomplete="username" value={preview.email} readOnly hidden />
        <label>
          {words.name}
          <input autocomplete="name" required maxLength={120} value={name} onInput={(e) => setName(e.currentTarget.value)} />
        </label>
        <label>
          {words.password}
          <input
            type="password"
            autocomplete="new-password"
            minLength={12}
            required
            autofocus
            aria-describedby="weak"
            value={password}
            onInput={(e) => setPassword(e.currentTarget.value)}
          />
          <small id="weak">{words.weakPassword}</small>
        </label>
        <p role="alert">{notice.value}</p>
        <button class="primary" disabled={isBusy}>
          {words.join}
        </button>
      </form>
    </main>
  );
}
