import { useEffect, useRef, useState } from "preact/hooks";
import type { Size } from "../../../core/pointer";
import { frameUrl, recordingUrl } from "../api";
import { t } from "../desk";
import { scaleToFit } from "../live/geometry";
import { MirrorScreen, rrwebStage } from "../live/mirror-screen";
import { Marked } from "../marked";
import type { Recording, ReplayView } from "../views";
import { feedFor, isRecorded, parseRecording, type RecordedEvent } from "./recorded-mirror";
import type { Moment } from "./timeline";

const MOST_BYTES = 200_000_000;

/** What was on the phone: the recorded screen where there is one, else drawn from the record. */
export function ScreenThen(props: {
  readonly replay: ReplayView;
  readonly moment: Moment;
  readonly at_ms: number;
  readonly onLoaded: (happenings: readonly number[]) => void;
}) {
  const words = t().replay;
  const { replay, moment, at_ms } = props;
  const recordings = replay.recordings.filter((each) => each.parts.mirror !== undefined);
  const events = useRecordings(replay, recordings, props.onLoaded);
  const isMirrored = events.all !== null && isRecorded(events.all, at_ms);
  const isDeleted = recordings.length > 0 && recordings.every((each) => each.parts.mirror?.deleted_at !== null);
  return (
    <figure class="then">
      {isMirrored && events.all !== null ? (
        <MirroredThen events={events.all} at_ms={at_ms} inspectionId={replay.inspection.id} />
      ) : (
        <DrawnThen replay={replay} moment={moment} />
      )}
      <figcaption>
        {isMirrored
          ? words.mirrored
          : events.isLoading
            ? words.loading
            : isDeleted
              ? words.deleted
              : events.isDamaged
                ? words.damaged
                : words.drawn}
      </figcaption>
    </figure>
  );
}

interface Loaded {
  readonly all: readonly RecordedEvent[] | null;
  readonly isLoading: boolean;
  readonly isDamaged: boolean;
}

/** Load every recorded screen of the inspection, one after the other, onto one clock. */
function useRecordings(
  replay: ReplayView,
  recordings: readonly Recording[],
  onLoaded: (happenings: readonly number[]) => void,
): Loaded {
  const [loaded, setLoaded] = useState<Loaded>({ all: null, isLoading: recordings.length > 0, isDamaged: false });
  useEffect(() => {
    const stop = new AbortController();
    const load = async (): Promise<void> => {
      const all: RecordedEvent[] = [];
      let isDamaged = false;
      for (const each of recordings) {
        const part = each.parts.mirror;
        if (part === undefined || part.deleted_at !== null || part.bytes > MOST_BYTES) continue;
        try {
          const answer = await fetch(recordingUrl(replay.inspection.id, each.id, "mirror"), { signal: stop.signal });
          if (!answer.ok) throw new Error(String(answer.status));
          all.push(...parseRecording(await answer.text(), startOf(replay, each)));
        } catch {
          isDamaged = true;
        }
      }
      if (stop.signal.aborted) return;
      all.sort((a, b) => a.at_ms - b.at_ms);
      setLoaded({ all: all.length > 0 ? all : null, isLoading: false, isDamaged });
      onLoaded(all.map((each) => each.at_ms));
    };
    void load();
    return () => stop.abort();
  }, [replay]);
  return loaded;
}

/** By the service's clock, as its own event has it. */
function startOf(replay: ReplayView, recording: Recording): number {
  const event = replay.events.find(
    (each) => each.kind === "recording.started" && each.data.recording_id === recording.id && each.data.kind === "mirror",
  );
  return Date.parse(event?.at ?? recording.started_at);
}

function MirroredThen(props: {
  readonly events: readonly RecordedEvent[];
  readonly at_ms: number;
  readonly inspectionId: string;
}) {
  const room = useRef<HTMLDivElement>(null);
  const root = useRef<HTMLDivElement>(null);
  const [screen, setScreen] = useState<MirrorScreen | null>(null);
  const [size, setSize] = useState<Size>({ width: 390, height: 844 });
  const [scale, setScale] = useState(0.6);
  const shown = useRef(0);

  useEffect(() => {
    let built: MirrorScreen | null = null;
    let isOver = false;
    void rrwebStage(root.current!).then((build) => {
      if (isOver) return;
      built = new MirrorScreen({
        origin: location.origin,
        inspectionId: props.inspectionId,
        build,
        onSize: setSize,
        onTrouble: () => undefined, // the next whole picture of the recording mends it
      });
      shown.current = 0;
      setScreen(built);
    });
    return () => {
      isOver = true;
      built?.destroy();
    };
  }, [props.events]);
  useEffect(() => {
    if (screen === null) return;
    const { from, to } = feedFor(props.events, shown.current, props.at_ms);
    for (const event of props.events.slice(from, to)) screen.take(event);
    shown.current = to;
  }, [screen, props.at_ms]);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => entry && setScale(scaleToFit(size, entry.contentRect)));
    if (room.current) watch.observe(room.current);
    return () => watch.disconnect();
  }, [size]);

  return (
    <div class="phone-room" ref={room}>
      <div class="phone" style={{ width: `${size.width * scale}px`, height: `${size.height * scale}px` }}>
        <div
          class="mirror"
          ref={root}
          style={{ width: `${size.width}px`, height: `${size.height}px`, transform: `scale(${scale})` }}
        />
      </div>
    </div>
  );
}

/** The phone's screen as the record lets it be known: the step, its newest photo and verdict, a frozen frame. */
function DrawnThen({ replay, moment }: { readonly replay: ReplayView; readonly moment: Moment }) {
  const texts = t();
  const step = replay.steps.find((each) => each.id === moment.stepId) ?? (moment.isSellerIn ? replay.steps[0] : undefined);
  const { capture, frameId } = moment;
  const frame = replay.frames.find((each) => each.frame_id === frameId && each.deleted_at === null);
  const annotation = replay.annotations.find(
    (each) => each.frame_id === frameId && Date.parse(each.at) <= moment.at_ms + 1,
  );
  return (
    <div class="phone-room">
      <div class="phone drawn-phone">
        <div class="drawn">
          <header>
            <strong>{step?.title ?? texts.seller}</strong>
            <small>{step?.instruction ?? ""}</small>
          </header>
          {frame ? (
            <span class="fill">
              <Marked src={frameUrl(replay.inspection.id, frame.frame_id)} strokes={annotation?.strokes ?? []} />
            </span>
          ) : capture ? (
            <img src={capture.view.thumb_url} alt="" />
          ) : (
            <p class="fill faint">{texts.replay.noPhoto}</p>
          )}
          <footer>
            {capture && !frame && (
              <p class={capture.state === "retake" ? "warning" : "good"}>
                {{ received: texts.judging, accepted: texts.accepted, retake: texts.retake, overridden: texts.keep }[capture.state]}
                {capture.state === "retake" && capture.view.advice && `${texts.colon}${capture.view.advice.sentence}`}
              </p>
            )}
          </footer>
        </div>
      </div>
    </div>
  );
}
