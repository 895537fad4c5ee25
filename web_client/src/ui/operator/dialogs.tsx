import { useEffect, useRef, useState } from "preact/hooks";
import type { Advice } from "../../core/views";
import { t } from "./desk";

export interface Question {
  readonly title: string;
  readonly choices: readonly Advice[];
  /** `null`: no words are asked for. */
  readonly textLabel: string | null;
  readonly isTextNeeded: boolean;
  /** Nothing can be answered: only read and closed. */
  readonly isBlocked?: boolean;
  /** What is better known before answering. */
  readonly warnings?: readonly string[];
  /** What the button says, where "send" says too little. */
  readonly action?: string;
  readonly onAnswer: (code: string, text: string | null) => void;
}

/** Ask for one of a few reasons, and for words; the number keys choose, Enter sends, Escape forgets. */
export function Ask({ question, onClose }: { readonly question: Question; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [code, setCode] = useState(question.choices[0]?.code ?? "");
  const [text, setText] = useState("");
  const texts = t();
  useEffect(() => dialog.current?.showModal(), []);

  const submit = (event: Event): void => {
    event.preventDefault();
    question.onAnswer(code, text.trim() || null);
    onClose();
  };
  const sendOnEnter = (event: KeyboardEvent): void => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    (event.currentTarget as HTMLTextAreaElement).form?.requestSubmit();
  };
  const chooseByNumber = (event: KeyboardEvent): void => {
    const choice = question.choices[Number(event.key) - 1];
    if (choice === undefined || (event.target as HTMLElement).tagName === "TEXTAREA") return;
    event.preventDefault();
    setCode(choice.code);
  };

  return (
    <dialog ref={dialog} onClose={onClose} onKeyDown={chooseByNumber}>
      <form onSubmit={submit}>
        <h2>{question.title}</h2>
        {question.warnings?.map((warning) => (
          <p key={warning} class="warning">
            {warning}
          </p>
        ))}
        {question.choices.map((choice, index) => (
          <label key={choice.code} class="choice">
            <input type="radio" name="choice" checked={code === choice.code} onChange={() => setCode(choice.code)} />
            <kbd>{index + 1}</kbd> {choice.sentence}
          </label>
        ))}
        {question.textLabel !== null && (
          <label>
            {question.textLabel}
            <textarea
              rows={2}
              maxLength={500}
              required={question.isTextNeeded}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
              onKeyDown={sendOnEnter}
            />
          </label>
        )}
        <footer>
          <button type="button" onClick={onClose}>
            {texts.cancel}
          </button>
          <button class="primary" disabled={question.isBlocked}>{question.action ?? texts.send}</button>
        </footer>
      </form>
    </dialog>
  );
}
