/** Asks for a reason: a few likely ones to tap, or one's own words. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { useAct, words } from "./context";
import { Button, Sheet, Trouble } from "./Parts";

const MOST_CHARACTERS = 500;

export function ReasonSheet(props: {
  readonly title: string;
  readonly text: string;
  readonly reasons: readonly string[];
  readonly onReason: (reason: string) => Promise<unknown>;
  readonly onClose: () => void;
}): JSX.Element {
  const t = words.value;
  const act = useAct();
  const [picked, setPicked] = useState<string | null>(null);
  const [own, setOwn] = useState("");
  const isOwn = picked === "";
  const reason = isOwn ? own.trim() : (picked ?? "");
  const send = async (): Promise<void> => {
    if (await act.run(() => props.onReason(reason))) props.onClose();
  };
  return (
    <Sheet id="reason-sheet" title={props.title} onClose={props.onClose}>
      <p>{props.text}</p>
      <div class="choices">
        {[...props.reasons, ""].map((choice) => (
          <label key={choice} class="choice">
            <input type="radio" name="reason" checked={picked === choice} onChange={() => setPicked(choice)} />
            <span>{choice || t.verdict.otherReason}</span>
          </label>
        ))}
      </div>
      {isOwn ? (
        <textarea
          rows={3}
          maxLength={MOST_CHARACTERS}
          aria-label={t.verdict.otherReason}
          placeholder={t.verdict.reasonPlaceholder}
          value={own}
          onInput={(event) => setOwn(event.currentTarget.value)}
        />
      ) : null}
      <Trouble says={act.error} />
      <Button
        id="send-reason"
        kind="primary"
        isBusy={act.isBusy}
        disabled={reason === ""}
        onClick={() => void send()}
      >
        {t.send}
      </Button>
    </Sheet>
  );
}
