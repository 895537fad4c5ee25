import { useEffect, useRef, useState } from "preact/hooks";
import { attempt, language, notice, people, t } from "../desk";
import type { Language } from "../../../core/views";
import type { Role } from "../views";
import type { InvitationMade } from "./api";

const ROLES: readonly Role[] = ["operator", "supervisor", "admin"];

interface InviteProps {
  readonly onMade: (made: InvitationMade) => void;
  readonly onClose: () => void;
}

/** Whom to invite, and as what. */
export function InviteDialog({ onMade, onClose }: InviteProps) {
  const texts = t();
  const words = texts.people;
  const dialog = useRef<HTMLDialogElement>(null);
  const [email, setEmail] = useState("");
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [speaks, setSpeaks] = useState<Language>(language.value);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await attempt(async () => onMade(await people.invite({ email, name, role, language: speaks })));
    setBusy(false);
  };
  return (
    <dialog ref={dialog} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <h2>{words.inviteTitle}</h2>
        <label>
          {words.email}
          <input type="email" required maxLength={254} value={email} onInput={(e) => setEmail(e.currentTarget.value)} />
        </label>
        <label>
          {words.name}
          <input required maxLength={120} value={name} onInput={(e) => setName(e.currentTarget.value)} />
        </label>
        {ROLES.map((each) => (
          <label key={each} class="choice">
            <input type="radio" name="role" checked={role === each} onChange={() => setRole(each)} /> {words.rolesMean[each]}
          </label>
        ))}
        <label>
          {words.language}
          <select value={speaks} onChange={(event) => setSpeaks(event.currentTarget.value as Language)}>
            <option value="en">English</option>
            <option value="fr">Français</option>
          </select>
        </label>
        <p role="alert" class="bad">
          {notice.value}
        </p>
        <footer>
          <button type="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button class="primary" disabled={isBusy}>
            {words.inviteSend}
          </button>
        </footer>
      </form>
    </dialog>
  );
}

/** The link of an invitation, shown this once. */
export function LinkDialog({ made, onClose }: { readonly made: InvitationMade; readonly onClose: () => void }) {
  const words = t().people;
  const dialog = useRef<HTMLDialogElement>(null);
  const [isCopied, setCopied] = useState(false);
  useEffect(() => dialog.current?.showModal(), []);
  const copy = (): void => void navigator.clipboard?.writeText(made.link).then(() => setCopied(true));
  return (
    <dialog ref={dialog} class="link" onClose={onClose}>
      <h2>{words.linkTitle(made.name)}</h2>
      <p>{made.is_sent ? words.linkSent : words.linkNotSent}</p>
      <p>
        <input readOnly value={made.link} aria-label={words.linkTitle(made.name)} onFocus={(event) => event.currentTarget.select()} />
      </p>
      <p class="faint">{words.linkOnce}</p>
      <footer>
        <button onClick={copy}>{isCopied ? words.copied : words.copy}</button>
        <button class="primary" onClick={onClose}>
          {words.close}
        </button>
      </footer>
    </dialog>
  );
}
