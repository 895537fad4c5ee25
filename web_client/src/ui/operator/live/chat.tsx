import { useEffect, useRef, useState } from "preact/hooks";
import { MOST_CHAT_CHARACTERS } from "../../../core/messages";
import { operatorTexts } from "../../../locales/operator";
import type { CaseModel } from "../case-model";
import { me, t } from "../desk";

/** Writing with the seller: free text, and sentences ready in the seller's own language, which the phone reads out. */
export function Chat({ model }: { readonly model: CaseModel }) {
  const texts = t();
  const words = texts.live;
  const { chat } = model.live;
  const [text, setText] = useState("");
  const [readAloud, setReadAloud] = useState(false);
  const list = useRef<HTMLOListElement>(null);
  const messages = chat.messages.value;
  const unsent = chat.unsent.value;
  const mayWrite = model.mayWrite.value;
  useEffect(() => {
    if (list.current) list.current.scrollTop = list.current.scrollHeight;
  }, [messages.length, unsent.length]);
  const seen = (isWatched: boolean): void => {
    chat.isWatched = isWatched;
    if (isWatched) chat.seen();
  };
  const send = (event: Event): void => {
    event.preventDefault();
    chat.say(text, readAloud);
    setText("");
  };
  return (
    <section class="chat" onPointerDown={() => chat.seen()}>
      <h2>
        {words.chat} {chat.unread.value > 0 && <span class="unread">{words.unread(chat.unread.value)}</span>}
      </h2>
      <ol ref={list} aria-live="polite">
        {messages.map((each) => (
          <li key={each.id} class={each.from}>
            <small>
              {each.from === "seller" ? texts.seller : each.name === me.value?.name ? texts.me : each.name}{" "}
              {new Date(each.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}
              {each.read_aloud && ` · ${words.readOut}`}
            </small>
            {each.text}
          </li>
        ))}
        {unsent.map((each) => (
          <li key={each.id} class={`operator ${each.isRefused ? "refused" : "unsent"}`}>
            <small>{each.isRefused ? words.chatRefused : each.hasFailed ? words.chatWaits : texts.commandSent}</small>
            {each.text}
            {each.isRefused && (
              <button type="button" disabled={!mayWrite} onClick={() => chat.again(each.id)}>
                {words.chatAgain}
              </button>
            )}
          </li>
        ))}
      </ol>
      {!model.isOver.value && (
        <>
          <form onSubmit={send}>
            <input
              id="chat"
              value={text}
              maxLength={MOST_CHAT_CHARACTERS}
              disabled={!mayWrite}
              placeholder={mayWrite ? words.write : texts.callClaim}
              aria-label={words.write}
              onInput={(event) => setText(event.currentTarget.value)}
              onFocus={() => seen(true)}
              onBlur={() => seen(false)}
              onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
            />
            <button type="button" title={words.readAloud} aria-label={words.readAloud} aria-pressed={readAloud} onClick={() => setReadAloud(!readAloud)}>
              <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
                <path d="M2 6h3l4-3v10L5 10H2z" fill="currentColor" />
                <path d="M11 5.5a3.5 3.5 0 0 1 0 5M12.5 3.5a6.2 6.2 0 0 1 0 9" fill="none" stroke="currentColor" stroke-width="1.4" />
              </svg>
            </button>
            <button disabled={!mayWrite || text.trim() === ""}>{texts.send}</button>
          </form>
          <details>
            <summary>
              {words.quick} <kbd>1</kbd>–<kbd>9</kbd>
            </summary>
            <ol class="quick">
              {quickSentences(model).map((sentence, index) => (
                <li key={sentence}>
                  <button disabled={!mayWrite} title={words.quickSentences[index] ?? ""} onClick={() => chat.say(sentence, true)}>
                    <kbd>{index + 1}</kbd> {sentence}
                  </button>
                </li>
              ))}
            </ol>
          </details>
        </>
      )}
    </section>
  );
}

/** The sentences behind the number keys, in the language the seller reads. */
export function quickSentences(model: CaseModel): readonly string[] {
  return operatorTexts[model.view.value?.inspection.language ?? "en"].live.quickSentences;
}
