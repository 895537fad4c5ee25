import { useState } from "preact/hooks";
import { Refused } from "../../core/problems";
import { api, attempt, me, notice, t } from "./desk";

/** Who are you? The only page without the desk's frame. */
export function Login() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [isBusy, setBusy] = useState(false);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await attempt(async () => {
      try {
        me.value = await api.login(email, password);
      } catch (error) {
        if (error instanceof Refused && error.slug === "login-failed") throw new Refused(error.slug, 403, "", t().loginFailed);
        throw error;
      }
    });
    setBusy(false);
  };

  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)}>
        <h1>{t().title}</h1>
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
        <p role="alert">{notice.value}</p>
        <button class="primary" disabled={isBusy}>
          {t().signIn}
        </button>
      </form>
    </main>
  );
}
