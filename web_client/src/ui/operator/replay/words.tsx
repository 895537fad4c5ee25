import { inWords } from "../../../core/words";
import { clock, t } from "../desk";
import type { CommandName } from "../../../core/messages";
import { effectOf, nameOf as commandNameOf, outcomeOf, type SentCommand } from "../live/commands";
import type { ReplayView } from "../views";
import type { Entry } from "./timeline";

/** One event as a line: when, who, what, about what. */
export function Line({ replay, entry }: { readonly replay: ReplayView; readonly entry: Entry }) {
  const { event } = entry;
  const answer = commandOf(entry);
  const outcome = answer === null ? null : outcomeOf(answer);
  return (
    <>
      <time dateTime={event.at}>{clock(event.at)}</time>
      <span>
        <strong>{actorOf(entry)}</strong> {inWords(t().replay.kinds, event.kind) ?? event.kind}{" "}
        <span class="about">{aboutOf(replay, entry)}</span>
        {outcome !== null && (
          <small class={{ done: "good", waiting: "faint", nothing: "warning", refused: "bad" }[outcome.is]}> {outcomeIn(answer!)}</small>
        )}
      </span>
    </>
  );
}

/** The same as plain text, for those who hear the page. */
export function lineOf(replay: ReplayView, entry: Entry): string {
  return [actorOf(entry), inWords(t().replay.kinds, entry.event.kind) ?? entry.event.kind, aboutOf(replay, entry)].join(" ");
}

export function actorOf(entry: Entry): string {
  const { actor, kind } = entry.event;
  if (kind === "command.acknowledged") return t().replay.byPhone;
  return actor.kind === "service" ? t().replay.byService : actor.kind === "seller" ? t().seller : actor.name || actor.kind;
}

/** What an event was about: a step's title, a command's name, the words that were written. */
export function aboutOf(replay: ReplayView, entry: Entry): string {
  const texts = t();
  const { event, message } = entry;
  const { data } = event;
  if (message !== null) return `“${message.text}”`;
  const step = replay.steps.find((each) => each.id === entry.stepId)?.title ?? "";
  if (event.kind === "command.sent") {
    const args = (data.args ?? {}) as SentCommand["args"];
    const detail = typeof args.on === "boolean" ? "" : typeof args.level === "number" ? `${args.level}×` : step;
    return [numberOf(data), commandNameOf({ name: String(data.name) as CommandName, args }, texts.live), detail]
      .filter(Boolean)
      .join(" ");
  }
  if (event.kind === "command.acknowledged") {
    const sent = replay.events.find((each) => each.kind === "command.sent" && each.data.id === data.id);
    const name = inWords(texts.live.commandNames, String(sent?.data.name)) ?? "";
    return `${numberOf(sent?.data ?? data)} ${name}`.trim();
  }
  if (event.kind === "operator.handed_over") return texts.replay.to(nameOf(replay, text(data.operator_id)));
  if (event.kind === "operator.took_over") return texts.replay.from(nameOf(replay, text(data.from_id)));
  if (event.kind.startsWith("consent.")) return inWords(texts.replay.purposes, String(data.purpose)) ?? String(data.purpose ?? "");
  if (event.kind === "call.ended") return inWords(texts.callEnded, String(data.reason)) ?? "";
  if (event.kind === "capture.judged") return `${step} · ${data.accepted === true ? texts.accepted : texts.refused}`;
  return step;
}

/** Whoever the record names by id, or already by name. */
export function nameOf({ operators }: Pick<ReplayView, "operators">, who: string | null): string {
  return operators.find((each) => each.id === who)?.name ?? who ?? "–";
}

const text = (value: unknown): string | null => (typeof value === "string" ? value : null);

const numberOf = (data: Readonly<Record<string, unknown>>): string => (typeof data.no === "number" ? `#${data.no}` : "");

/** A command with what came back, in the shape the live desk judges outcomes by. */
export function commandOf(entry: Entry): SentCommand | null {
  const { event, answer } = entry;
  if (event.kind !== "command.sent") return null;
  const ack = answer?.event.data;
  return {
    id: String(event.data.id),
    no: typeof event.data.no === "number" ? event.data.no : null,
    name: String(event.data.name) as CommandName,
    args: (event.data.args ?? {}) as SentCommand["args"],
    ack:
      ack === undefined
        ? null
        : {
            id: String(ack.id),
            ok: ack.ok === true,
            effect: (ack.effect ?? null) as Readonly<Record<string, unknown>> | null,
            error: typeof ack.error === "string" ? ack.error : null,
          },
  };
}

export function outcomeIn(command: SentCommand): string {
  const texts = t();
  const outcome = outcomeOf(command);
  switch (outcome.is) {
    case "waiting":
      return texts.replay.noAnswer;
    case "done":
      return [texts.commandDone, effectOf(command, texts.live.facing)].filter(Boolean).join(" · ");
    case "nothing":
      return texts.live.didNothing;
    case "refused":
      return `${texts.commandFailed}${texts.colon}${inWords(texts.commandErrors, outcome.error) ?? outcome.error}`;
  }
}
