/** What was written between the desk and the phone, each sentence once, and how much of it nobody here has read. */

import { signal } from "@preact/signals";
import { MOST_CHAT_CHARACTERS, type ChatMessage } from "../../../core/messages";

/** A sentence of this page that the service has not confirmed. */
export interface Unsent {
  readonly id: string;
  readonly text: string;
  readonly readAloud: boolean;
  /** There was no line; it goes by itself when there is. */
  readonly hasFailed: boolean;
  /** The service will not have it (the claim is gone, a quota is reached); only a person tries again. */
  readonly isRefused: boolean;
}

export interface ChatLine {
  /** Answers whether the line to the service is open. */
  readonly send: (id: string, text: string, readAloud: boolean) => boolean;
  readonly load: () => Promise<readonly ChatMessage[]>;
}

type Heard = ChatMessage & { readonly client_id?: string };

export class ChatModel {
  readonly messages = signal<readonly ChatMessage[]>([]);
  readonly unsent = signal<readonly Unsent[]>([]);
  readonly unread = signal(0);
  /** The operator has the field or the list before the eyes. */
  isWatched = false;
  #count = 0;
  #isLoaded = false;

  constructor(private readonly line: ChatLine) {}

  /** Read what was said before, and whatever was missed while the line was down. */
  async load(): Promise<void> {
    let known: readonly ChatMessage[];
    try {
      known = await this.line.load();
    } catch {
      return; // The line tells of what is said from now on; loading comes again with the next welcome.
    }
    for (const message of known) this.#add(message, this.#isLoaded);
    this.#isLoaded = true;
    for (const each of this.unsent.value) if (!each.isRefused) this.#send(each);
  }

  /** Say something; it stands there at once, and is sent again after a break. */
  say(text: string, readAloud: boolean): void {
    const said = text.trim().slice(0, MOST_CHAT_CHARACTERS);
    if (said === "") return;
    this.#count += 1;
    const message: Unsent = { id: `${Date.now().toString(36)}-${this.#count}`, text: said, readAloud, hasFailed: false, isRefused: false };
    this.unsent.value = [...this.unsent.value, message];
    this.seen();
    this.#send(message);
  }

  hear(message: Heard): void {
    const { client_id: ours, ...said } = message;
    this.unsent.value = this.unsent.value.filter((each) => each.id !== ours && each.id !== message.id);
    this.#add(said, true);
  }

  /** The service says no to this; `id` may be of something else that was said on the line. */
  refused(id: unknown): void {
    this.#mark(id, { isRefused: true });
  }

  /** Try again with a sentence that was refused. */
  again(id: string): void {
    this.#mark(id, { isRefused: false });
    for (const each of this.unsent.value) if (each.id === id) this.#send(each);
  }

  seen(): void {
    this.unread.value = 0;
  }

  #send(message: Unsent): void {
    const isSent = this.line.send(message.id, message.text, message.readAloud);
    this.#mark(message.id, { hasFailed: !isSent });
  }

  #mark(id: unknown, as: Partial<Unsent>): void {
    this.unsent.value = this.unsent.value.map((each) => (each.id === id ? { ...each, ...as } : each));
  }

  #add(message: ChatMessage, isNews: boolean): void {
    if (this.messages.value.some((each) => each.id === message.id)) return;
    this.messages.value = [...this.messages.value, message].sort((a, b) => a.at.localeCompare(b.at));
    if (isNews && message.from === "seller" && !this.isWatched) this.unread.value += 1;
  }
}
