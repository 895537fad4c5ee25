import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, attempt, carName, clock, go, language, t } from "../desk";
import { useKeys } from "../keys";
import { NoCase } from "../no-case";
import type { ReplayView } from "../views";
import { Detail, FilmThen, Standing } from "./details";
import { ScreenThen } from "./screen-then";
import { entriesOf, indexAt, momentAt, playOn, walk, type Entry, type Topic } from "./timeline";
import { Line, lineOf } from "./words";

const TOPICS: readonly Topic[] = ["all", "commands", "photos", "talk"];
const FRAME_MS = 200;

/** The flight recorder: an inspection event by event, with what was on the phone, what was asked and what came of it. */
export function Replay({ id }: { readonly id: string }) {
  const [replay, setReplay] = useState<ReplayView | null>(null);
  const texts = t();
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    void attempt(async () => setReplay(await api.replay(id, language.value))).then((isRead) => setMissing(!isRead));
  }, [id, language.value]);
  useEffect(() => {
    if (replay) document.title = `${texts.replay.title} · ${carName(replay.inspection.vehicle)}`;
  }, [replay, texts]);
  if (replay === null) return isMissing ? <NoCase /> : <main class="replay" aria-busy="true" />;
  return <Recorder replay={replay} />;
}

function Recorder({ replay }: { readonly replay: ReplayView }) {
  const texts = t().replay;
  const entries = useMemo(() => entriesOf(replay), [replay]);
  const [at_ms, setAt] = useState(entries[0]?.at_ms ?? 0);
  /** Several events may share a moment: the index says which of them is chosen. */
  const [index, setIndex] = useState(0);
  const [topic, setTopic] = useState<Topic>("all");
  const [isPlaying, setPlaying] = useState(false);
  const [screenTimes, setScreenTimes] = useState<readonly number[]>([]);
  const entry = entries[index] ?? null;
  const moment = useMemo(() => momentAt(entries, index), [entries, index]);

  const choose = (next: number): void => {
    const chosen = entries[Math.min(Math.max(next, 0), entries.length - 1)];
    if (chosen === undefined) return;
    setIndex(entries.indexOf(chosen));
    setAt(chosen.at_ms);
  };
  const step = (by: number): void => {
    setPlaying(false);
    choose(walk(entries, index, by, topic));
  };
  usePlaying(isPlaying, at_ms, entries, screenTimes, (next) => {
    if (next === null) return setPlaying(false);
    setAt(next);
    setIndex(Math.max(0, indexAt(entries, next)));
  });
  useKeys({
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    j: () => step(1),
    k: () => step(-1),
    PageDown: () => step(10),
    PageUp: () => step(-10),
    Home: () => step(-entries.length),
    End: () => step(entries.length),
    " ": () => setPlaying(!isPlaying),
    Escape: () => go(`/operator/inspections/${replay.inspection.id}`),
  });

  if (entry === null) return <main class="replay"><p class="empty">{texts.empty}</p></main>;
  return (
    <main class="replay">
      <header>
        <button onClick={() => go(`/operator/inspections/${replay.inspection.id}`)} title={texts.back} aria-label={texts.back}>
          ←
        </button>
        <h1>
          {texts.title}{t().colon}{carName(replay.inspection.vehicle)}
        </h1>
        <span class="space" />
        {TOPICS.map((each) => (
          <button key={each} aria-pressed={topic === each} onClick={() => setTopic(each)}>
            {{ all: texts.all, commands: texts.onlyCommands, photos: texts.onlyPhotos, talk: texts.onlyTalk }[each]}
          </button>
        ))}
      </header>
      <Timeline replay={replay} entries={entries} index={index} topic={topic} onChoose={(next) => { setPlaying(false); choose(next); }} />
      <ScreenThen replay={replay} moment={moment} at_ms={at_ms} onLoaded={setScreenTimes} />
      <aside>
        <Detail replay={replay} entry={entry} />
        <Standing replay={replay} moment={moment} />
        <FilmThen replay={replay} at_ms={at_ms} isPlaying={isPlaying} />
      </aside>
      <footer>
        <button onClick={() => step(-1)}>◀ {texts.earlier}</button>
        <button aria-pressed={isPlaying} onClick={() => setPlaying(!isPlaying)}>
          {isPlaying ? `❚❚ ${texts.stop}` : `▶ ${texts.play}`}
        </button>
        <button onClick={() => step(1)}>{texts.later} ▶</button>
        <input
          type="range"
          min={0}
          max={entries.length - 1}
          value={index}
          aria-label={texts.slider}
          aria-valuetext={lineOf(replay, entry)}
          onInput={(event) => {
            setPlaying(false);
            choose(Number(event.currentTarget.value));
          }}
          onKeyDown={(event) => event.currentTarget.blur()}
        />
        <time dateTime={new Date(at_ms).toISOString()}>{new Date(at_ms).toLocaleDateString(language.value)} {clock(at_ms)}</time>
        <span class="faint number">
          {index + 1} / {entries.length} · +{since(at_ms - (entries[0]?.at_ms ?? at_ms))}
        </span>
        <small>{texts.keyHelp}</small>
      </footer>
    </main>
  );
}

function Timeline(props: {
  readonly replay: ReplayView;
  readonly entries: readonly Entry[];
  readonly index: number;
  readonly topic: Topic;
  readonly onChoose: (index: number) => void;
}) {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    list.current?.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }, [props.index, props.topic]);
  return (
    <ol class="timeline" ref={list}>
      {props.entries.map((each, index) =>
        props.topic === "all" || each.topic === props.topic ? (
          <li key={each.event.seq}>
            <button
              aria-current={index === props.index}
              class={`${each.topic ?? ""} ${each.event.actor.kind}`}
              onClick={() => props.onChoose(index)}
            >
              <Line replay={props.replay} entry={each} />
            </button>
          </li>
        ) : null,
      )}
    </ol>
  );
}

/** Go on along the clock while playing, over quiet stretches at once. */
function usePlaying(
  isPlaying: boolean,
  at_ms: number,
  entries: readonly Entry[],
  screenTimes: readonly number[],
  onTime: (at_ms: number | null) => void,
): void {
  const happenings = useMemo(
    () => [...entries.map((each) => each.at_ms), ...screenTimes].sort((a, b) => a - b),
    [entries, screenTimes],
  );
  useEffect(() => {
    if (!isPlaying) return;
    const from = performance.now();
    const timer = setTimeout(() => onTime(playOn(at_ms, performance.now() - from, happenings)), FRAME_MS);
    return () => clearTimeout(timer);
  }, [isPlaying, at_ms, happenings]);
}

/** A stretch of time: 0:07, 12:30, 3:05:00. */
function since(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((each) => String(each).padStart(2, "0"));
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${parts.join(":")}` : `${Number(parts[0])}:${parts[1]}`;
}
