import { useEffect, useRef } from "preact/hooks";
import { frameUrl, recordingUrl } from "../api";
import { clock, t } from "../desk";
import { Marked } from "../marked";
import type { ReplayView } from "../views";
import type { Entry, Moment } from "./timeline";
import { aboutOf, actorOf, commandOf, nameOf, outcomeIn } from "./words";
import { inWords } from "../../../core/words";

/** How far picture and timeline may drift apart before the picture is set. */
const DRIFT_S = 1.5;

/** The chosen event with everything that belongs to it. */
export function Detail({ replay, entry }: { readonly replay: ReplayView; readonly entry: Entry }) {
  const texts = t();
  const words = texts.replay;
  const { event, capture, answer } = entry;
  const command = commandOf(entry);
  const frameId = typeof event.data.frame_id === "string" ? event.data.frame_id : null;
  const annotation = replay.annotations.find((each) => each.id === event.data.annotation_id);
  const frame = replay.frames.find((each) => each.frame_id === frameId && each.deleted_at === null);
  return (
    <section class="detail">
      <h2>
        {words.at} <small>{clock(event.at)}</small>
      </h2>
      <p>
        <strong>{actorOf(entry)}</strong> {inWords(words.kinds, event.kind) ?? event.kind} {aboutOf(replay, entry)}
      </p>
      {command && (
        <p>
          {outcomeIn(command)}
          {answer && <small> · {words.took(answer.after_s.toFixed(1))}</small>}
        </p>
      )}
      {capture && (
        <a href={capture.photo_url} target="_blank" rel="noreferrer">
          <img class="taken" src={capture.thumb_url} alt={words.photo} />
        </a>
      )}
      {frame && <Marked src={frameUrl(replay.inspection.id, frame.frame_id)} strokes={annotation?.strokes ?? []} />}
      {annotation?.text && <p>{annotation.text}</p>}
      <Facts data={factsOf(entry)} />
    </section>
  );
}

function factsOf({ event, answer }: Entry): Readonly<Record<string, unknown>> {
  const data = event.kind === "command.sent" ? (answer?.event.data ?? {}) : event.data;
  const { id: _, effect, ...rest } = data;
  const isCommand = event.kind.startsWith("command.");
  return isCommand ? { ...(effect !== null && typeof effect === "object" ? effect : {}), error: rest.error } : data;
}

/** The record's own words, for whoever must know exactly. */
function Facts({ data }: { readonly data: Readonly<Record<string, unknown>> }) {
  const facts = Object.entries(data).filter(([, value]) => value !== null && value !== undefined && value !== "");
  if (facts.length === 0) return null;
  return (
    <dl class="pairs facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === "object" ? JSON.stringify(value) : String(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

/** How things stood. */
export function Standing({ replay, moment }: { readonly replay: ReplayView; readonly moment: Moment }) {
  const texts = t();
  const words = texts.replay;
  const step = replay.steps.find((each) => each.id === moment.stepId);
  return (
    <section class="glance">
      <h2>{texts.state}</h2>
      <dl>
        <div>
          <dt>{texts.step}</dt>
          <dd>{step?.title ?? "–"}</dd>
        </div>
        <div>
          <dt>{words.progress}</dt>
          <dd>{texts.photosOf(moment.accepted, replay.steps.length)}</dd>
        </div>
        <div>
          <dt>{texts.holder}</dt>
          <dd>{nameOf(replay, moment.holder)}</dd>
        </div>
        <div>
          <dt>{words.call}</dt>
          <dd>
            {moment.call ? words.callWith(nameOf(replay, moment.call.operator)) : words.noCall}
            {moment.call?.isPaused && ` · ${words.paused}`}
            {moment.viewers > 0 && ` · ${texts.live.viewers}${texts.colon}${moment.viewers}`}
          </dd>
        </div>
        <div>
          <dt>{words.level}</dt>
          <dd>{texts.live.levels[moment.level]}</dd>
        </div>
        <div>
          <dt>{texts.live.camera}</dt>
          <dd>
            {[
              moment.frameId && texts.live.cameraStates.frozen,
              moment.torch && texts.live.torchOn,
              moment.zoom !== null && `${moment.zoom.toFixed(1)}×`,
            ]
              .filter(Boolean)
              .join(" · ") || "–"}
          </dd>
        </div>
        {moment.isRecording && (
          <div>
            <dt>{texts.live.recording}</dt>
            <dd class="rec">● {texts.live.recordingNow}</dd>
          </div>
        )}
        {moment.asksForHelp && (
          <div class="bad">
            <dt>{texts.needsNow}</dt>
            <dd>{texts.needs.help}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** The recorded picture and sound of the moment, where there is one. */
export function FilmThen(props: { readonly replay: ReplayView; readonly at_ms: number; readonly isPlaying: boolean }) {
  const { replay, at_ms, isPlaying } = props;
  const video = useRef<HTMLVideoElement>(null);
  const films = replay.recordings.filter((each) => each.parts.video);
  const film =
    films.find((each) => Date.parse(each.started_at) <= at_ms && at_ms <= Date.parse(each.ended_at ?? "2999-01-01")) ?? null;
  const isThere = film?.parts.video?.deleted_at === null;
  useEffect(() => {
    const element = video.current;
    if (element === null || film === null) return;
    const wanted = Math.max(0, (at_ms - Date.parse(film.started_at)) / 1000);
    if (Math.abs(element.currentTime - wanted) > DRIFT_S) element.currentTime = wanted;
    if (isPlaying) void element.play().catch(() => undefined);
    else element.pause();
  }, [at_ms, film?.id, isPlaying]);
  if (film === null) return null;
  return (
    <section>
      <h2>{t().replay.video}</h2>
      {isThere ? (
        <video ref={video} class="film" controls preload="auto" src={recordingUrl(replay.inspection.id, film.id, "video")} />
      ) : (
        <p class="faint">{t().replay.deleted}</p>
      )}
      <p class="faint">
        {film.device === "seller" ? t().live.phone : t().operator} · SHA-256 {film.parts.video?.chain_sha256.slice(0, 16)}…
      </p>
    </section>
  );
}
