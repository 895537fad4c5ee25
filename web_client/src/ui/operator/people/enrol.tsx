import { useEffect, useState } from "preact/hooks";
import { attempt, notice, people, t } from "../desk";
import type { Enrolment } from "./api";
import { Recovery } from "./recovery";

interface Props {
  /** Typed a moment ago; the service asks for it again before it changes an account. */
  readonly password: string;
  readonly onDone: () => void;
  /** `null`: there is no way around it. */
  readonly onLater: (() => void) | null;
}

/** Set up a second factor: scan, confirm with the first code, keep the recovery codes. */
export function Enrol({ password, onDone, onLater }: Props) {
  const words = t().people;
  const [begun, setBegun] = useState<Enrolment | null>(null);
  const [code, setCode] = useState("");
  const [codes, setCodes] = useState<readonly string[] | null>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    let isHere = true;
    void attempt(async () => {
      const answer = await people.beginSecondFactor(password);
      if (isHere) setBegun(answer);
    });
    return () => void (isHere = false);
  }, [password]);

  if (codes !== null) return <Recovery codes={codes} onKept={onDone} />;
  if (begun === null) return <p role="alert">{notice.value}</p>;
  const confirm = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await attempt(async () => setCodes(await people.confirmSecondFactor(begun.pending, code)));
    setBusy(false);
  };
  return (
    <form class="enrol" onSubmit={(event) => void confirm(event)}>
      <h2>{words.secondFactor}</h2>
      <p>{words.scan}</p>
      <svg class="qr" role="img" aria-label={begun.uri} viewBox={`0 0 ${begun.qr.size} ${begun.qr.size}`} shape-rendering="crispEdges">
        <path fill="#fff" d={`M0 0h${begun.qr.size}v${begun.qr.size}H0z`} />
        <path d={begun.qr.path} />
      </svg>
      <p class="faint">
        {words.byHand} <code>{begun.secret.replace(/(.{4})(?=.)/g, "$1 ")}</code>
      </p>
      <label>
        {words.code}
        <input
          inputMode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9 ]{6,7}"
          maxLength={7}
          required
          autofocus
          value={code}
          onInput={(event) => setCode(event.currentTarget.value)}
        />
      </label>
      <p role="alert">{notice.value}</p>
      <p class="actions">
        <button class="primary" disabled={isBusy}>
          {words.confirm}
        </button>
        {onLater && (
          <button type="button" onClick={onLater}>
            {words.later}
          </button>
        )}
      </p>
    </form>
  );
}
