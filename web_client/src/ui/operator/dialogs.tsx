import { useEffect, useRef, useState } from "preact/hooks";
import type { Advice } from "../../core/views";
import { t } from "./desk";

export interface Question {
  readonly title: string;
  readonly choices: readonly Advice[];
  /** Which choice stands before another is made; the first when absent. */
  readonly chosen?: string;
  /** `null`: no words are asked for. */
  readonly textLabel: string | null;
  /** A second choice, that belongs to some of the first; the first of it stands until another is chosen. */
  readonly degrees?: { readonly label: string; readonly all: readonly Advice[]; readonly isFor: (code: string) => boolean };
  readonly isTextNeeded: boolean;
  /** Nothing can be answered: only read and closed. */
  readonly isBlocked?: boolean;
  /** What is better known before answering. */
  readonly warnings?: readonly string[];
  /** What the button says, where "send" says too little. */
  readonly action?: string;
  /** How many characters the words may have; 500 when absent. */
  readonly textMax?: number;
  /** What is said before it is done for good: the answer is shown once more, and can still be changed. */
  readonly confirm?: { readonly warning: string; readonly sure: string; readonly go: string; readonly change: string };
  readonly onAnswer: (code: string, text: string | null, degree: string) => void;
}

/** Ask for one of a few reasons, and for words; the number keys choose, Enter sends, Escape forgets. */
export function Ask({ question, onClose }: { readonly question: Question; readonly onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [code, setCode] = useState(question.chosen ?? question.choices[0]?.code ?? "");
  const [degree, setDegree] = useState(question.degrees?.all[0]?.code ?? "");
  const [text, setText] = useState("");
  const [isSure, setSure] = useState(question.confirm === undefined);
  const texts = t();
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
  }, [isSure]);

  const submit = (event: Event): void => {
    event.preventDefault();
    if (!isSure) return setSure(true);
    question.onAnswer(code, text.trim() || null, degree);
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

  if (isSure && question.confirm !== undefined) {
    const { warning, sure, go, change } = question.confirm;
    return (
      <dialog ref={dialog} onClose={onClose} key="sure">
        <form onSubmit={submit}>
          <h2>{go}</h2>
          <p>{sure}</p>
          <blockquote>
            {text.trim()}
            <small>{question.choices.find((each) => each.code === code)?.sentence}</small>
          </blockquote>
          <p class="warning">{warning}</p>
          <footer>
            <button type="button" onClick={onClose}>
              {texts.cancel}
            </button>
            <button type="button" onClick={() => setSure(false)}>
              {change}
            </button>
            <button class="primary">{go}</button>
          </footer>
        </form>
      </dialog>
    );
  }

  return (
    <dialog ref={dialog} onClose={onClose} onKeyDown={chooseByNumber} key="ask">
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
        {question.degrees?.isFor(code) && (
          <fieldset class="degrees">
            <legend>{question.degrees.label}</legend>
            {question.degrees.all.map((each) => (
              <label key={each.code} class="choice">
                <input type="radio" name="degree" checked={degree === each.code} onChange={() => setDegree(each.code)} />
                {each.sentence}
              </label>
            ))}
          </fieldset>
        )}
        {question.textLabel !== null && (
          <label>
            {question.textLabel}
            <textarea
              rows={2}
              maxLength={question.textMax ?? 500}
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
