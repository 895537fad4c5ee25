/** The conversation with the operators: what was written, sentences to tap, one's own words. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { languageOf } from "../../../core/chat";
import { MOST_CHAT_CHARACTERS } from "../../../core/messages";
import { inside, language, seller, words } from "../context";
import { closePanel, readsAloud } from "../live-state";
import { Button, Sheet } from "../Parts";
import { stopReading } from "./voice";

export function ChatSheet(): JSX.Element {
  const now = inside();
  const t = words.value.chat;
  const [text, setText] = useState("");
  const end = useRef<HTMLLIElement>(null);
  const { live } = seller();
  useEffect(() => void live.readChat(), []);
  useEffect(() => {
    live.seeChat();
    end.current?.scrollIntoView({ block: "end" });
  }, [now.chat.length, now.unsaid.length, now.unread]);
  const send = (sentence: string, isOwn: boolean): void => {
    if (sentence.trim() === "") return;
    live.write(sentence);
    if (isOwn) setText("");
  };
  const setAloud = (isOn: boolean): void => {
    readsAloud.set(isOn);
    if (!isOn) stopReading();
  };
  return (
    <Sheet id="chat-sheet" title={t.title} onClose={closePanel}>
      <ol class="chat" aria-live="polite">
        {now.chat.length + now.unsaid.length === 0 ? <li class="note">{t.none}</li> : null}
        {now.chat.map((message) => (
          <li
            key={message.id}
            class={message.from === "seller" ? "mine" : "theirs"}
            lang={languageOf(message.text, language.value)}
          >
            <span class="who">{message.from === "seller" ? t.me : message.name}</span>
            {message.text}
          </li>
        ))}
        {now.unsaid.map(({ id, text: sentence, isRefused }) => (
          <li key={id} class={isRefused ? "mine refused" : "mine unsaid"} lang={languageOf(sentence, language.value)}>
            <span class="who">{isRefused ? t.refused : now.line === "open" ? t.onItsWay : t.waits}</span>
            {sentence}
            {isRefused ? (
              <button type="button" onClick={() => live.writeAgain(id)}>
                {t.again}
              </button>
            ) : null}
          </li>
        ))}
        <li ref={end} class="end" aria-hidden="true" />
      </ol>
      <div class="quick">
        {t.quick.map((sentence) => (
          <button key={sentence} type="button" onClick={() => send(sentence, false)}>
            {sentence}
          </button>
        ))}
      </div>
      <form
        class="write"
        onSubmit={(event) => {
          event.preventDefault();
          send(text, true);
        }}
      >
        <input
          id="chat-text"
          aria-label={t.placeholder}
          placeholder={t.placeholder}
          maxLength={MOST_CHAT_CHARACTERS}
          enterkeyhint="send"
          autocomplete="off"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <Button id="chat-send" kind="primary" disabled={text.trim() === ""} onClick={() => send(text, true)}>
          {words.value.send}
        </Button>
      </form>
      <label class="choice">
        <input
          type="checkbox"
          name="aloud"
          checked={readsAloud.get()}
          onChange={(event) => setAloud(event.currentTarget.checked)}
        />
        <span>{t.aloud}</span>
      </label>
    </Sheet>
  );
}
