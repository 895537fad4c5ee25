/** One photo: the camera with its outline and shutter, then the verdict on what was taken. */

import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { stillFrom, takeStill } from "../../core/camera";
import type { Still } from "../../core/capture";
import type { StepView } from "../../core/views";
import { inWords } from "../../core/words";
import { preloadUploader } from "../../core/tus-uploader";
import { useAutoShutter } from "./auto-shutter";
import { camera, closeTheCamera, imageCapture, openTheCamera } from "./camera-state";
import { News, TopBar } from "./Chrome";
import { inside, isDemo, offersDemo, seller, setDemo, words } from "./context";
import { darkroomFor, measure } from "./darkroom";
import { demoPicture } from "./demo-car";
import { drawing, fetchDrawings } from "./drawings";
import { FilePicker } from "./FilePicker";
import { preloadLate } from "./Late";
import { autoShutter, board, finger, frozen } from "./live-state";
import { Icon, Sheet } from "./Parts";
import { ReasonSheet } from "./ReasonSheet";
import { Verdict } from "./Verdict";
import { Viewfinder } from "./Viewfinder";
import { useWakeLock } from "./wake-lock";

/** Steps that show the whole car, which fills a phone held sideways. */
const OUTSIDE = new Set(["front_left", "left_side", "rear_left", "rear_right", "right_side", "front_right"]);

export function StepScreen(props: { readonly stepId: string; readonly shot: string | null }): JSX.Element {
  const now = inside();
  const step = now.view.steps.find((s) => s.id === props.stepId);
  const video = useRef<HTMLVideoElement>(null);
  const darkroom = darkroomFor(() => video.current);
  const isOpen = camera.value.is === "open";
  useWakeLock();

  useEffect(() => {
    if (isDemo.value) closeTheCamera();
    else void openTheCamera();
  }, [isDemo.value]);
  useEffect(() => closeTheCamera, []);
  useEffect(() => {
    if (!isOpen && camera.value.is !== "trouble" && !isDemo.value) return;
    preloadUploader();
    void preloadLate();
    void fetchDrawings(now.view.steps.flatMap((s) => [s.overlay_url, s.example_url]));
  }, [isOpen, camera.value.is, isDemo.value, now.isOnline]);

  if (step === undefined) return <main />;

  const shoot = async (): Promise<Readonly<Record<string, unknown>>> => {
    let still: Still;
    const open = camera.value;
    if (isDemo.value) {
      const picture = await demoPicture(step.id, step.attempts);
      if (picture === null) throw new Error("no generated picture");
      still = await stillFrom(picture, "demo", { measure });
    } else {
      if (open.is !== "open") throw new Error("camera closed");
      still = await takeStill(open.track, imageCapture, darkroom);
    }
    const captureId = await seller().shoot(still, step.id);
    navigator.vibrate?.(40);
    return {
      capture_id: captureId,
      method: still.method,
      width: still.width,
      height: still.height,
    };
  };

  return (
    <main class="stage" data-screen={props.shot === null ? "camera" : "verdict"} data-step={step.id}>
      <TopBar stepId={step.id} />
      <News />
      <div class="work" hidden={props.shot !== null}>
        <CameraWork step={step} isShown={props.shot === null} video={video} shoot={shoot} />
      </div>
      {props.shot === null ? null : <Verdict key={props.shot} step={step} shot={props.shot} />}
    </main>
  );
}

function CameraWork(props: {
  readonly step: StepView;
  readonly isShown: boolean;
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly shoot: () => Promise<Readonly<Record<string, unknown>>>;
}): JSX.Element {
  const { step } = props;
  const t = words.value;
  const now = inside();
  const [panel, setPanel] = useState<"none" | "example" | "cannot">("none");
  const [isBusy, setBusy] = useState(false);
  const [hasFailed, setFailed] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  const canShoot = isDemo.value || camera.value.is === "open";

  useEffect(() => {
    if (props.isShown) title.current?.focus({ preventScroll: true });
    setFailed(false);
  }, [step.id, props.isShown]);

  const press = async (): Promise<Readonly<Record<string, unknown>>> => {
    setBusy(true);
    setFailed(false);
    try {
      return await props.shoot();
    } catch (error) {
      console.warn(error);
      setFailed(true);
      throw error;
    } finally {
      setBusy(false);
    }
  };
  useEffect(() => {
    // What an operator's "take the photo now" presses.
    seller().live.shutter = props.isShown && canShoot ? press : null;
    return () => {
      seller().live.shutter = null;
    };
  });
  const isAuto = autoShutter.get() && props.isShown && canShoot && !isBusy && frozen.value === null;
  const counting = useAutoShutter(isAuto, now.hint, step.id, () => void press().catch(() => undefined));
  const useFile = (still: Still): Promise<unknown> => seller().shoot(still, step.id);

  const hint = now.hint === null ? null : inWords(t.step.hints, now.hint.code);
  const advice = step.status === "retake" ? step.advice : null;
  const textsLang = now.view.texts_language;
  return (
    <>
      <Viewfinder step={step} video={props.video} isShown={props.isShown} onStill={useFile} />
      <div class="say">
        <h1 ref={title} tabIndex={-1} lang={textsLang}>
          {step.title}
        </h1>
        {frozen.value !== null ? (
          <FrozenNote />
        ) : counting !== null ? (
          <p class="hint ok" role="status" id="auto-soon">
            {t.step.autoSoon} <small>{t.step.autoCancel}</small>
          </p>
        ) : hasFailed ? (
          <p class="hint bad" role="alert">
            {isDemo.value ? t.step.demoMissing : t.step.failed}
          </p>
        ) : hint !== null ? (
          <p class={`hint ${now.hint?.isOk ? "ok" : "bad"}`} role="status" id="hint">
            {hint}
          </p>
        ) : advice !== null ? (
          <p class="hint bad" lang={textsLang} id="advice">
            {advice.sentence}
          </p>
        ) : (
          <p lang={textsLang}>{step.instruction}</p>
        )}
        {OUTSIDE.has(step.id) ? <p class="sideways">{t.step.sideways}</p> : null}
      </div>
      <div class="controls">
        <button type="button" class="side example" id="example" onClick={() => setPanel("example")}>
          {step.example_url === null ? <Icon name="photo" /> : <img src={drawing(step.example_url)} alt="" />}
          <span>{step.example_url === null ? t.step.details : t.step.example}</span>
        </button>
        <button
          type="button"
          id="shutter"
          class="shutter"
          aria-label={t.step.shutter}
          aria-busy={isBusy}
          disabled={!canShoot || isBusy}
          onClick={() => void press().catch(() => undefined)}
        >
          {isBusy ? <span class="spinner" aria-hidden="true" /> : null}
          {counting === null ? null : <Ring share={counting} />}
        </button>
        <button type="button" class="side" id="cannot" onClick={() => setPanel("cannot")}>
          <Icon name="flag" />
          <span>{t.step.cannot}</span>
        </button>
      </div>
      {offersDemo() ? (
        <button type="button" class="demo" id="demo" onClick={() => setDemo(!isDemo.value)}>
          {isDemo.value ? `${t.step.demoOn} · ${t.step.demoOff}` : t.step.demo}
        </button>
      ) : null}
      {panel === "example" ? (
        <Sheet id="example-sheet" title={step.example_url === null ? step.title : t.step.exampleTitle} onClose={() => setPanel("none")}>
          {step.example_url === null ? null : <img class="example-large" src={drawing(step.example_url)} alt="" />}
          <p lang={textsLang}>{step.instruction}</p>
          <FilePicker label={t.step.pickFile} hint={t.step.pickHint} kind="quiet" onStill={useFile} />
        </Sheet>
      ) : null}
      {panel === "cannot" ? (
        <ReasonSheet
          title={t.verdict.cannotTitle}
          text={t.verdict.cannotText}
          reasons={t.verdict.cannotReasons}
          onReason={(reason) => seller().skip(step.id, reason)}
          onClose={() => setPanel("none")}
        />
      ) : null}
    </>
  );
}

/** Why the picture stands still, and what may be done with it. */
function FrozenNote(): JSX.Element {
  const t = words.value.frozen;
  return (
    <div class="frozen-note" role="status">
      <p>
        {t.title(inside().call?.operatorName ?? "")}. {t.draw}
      </p>
      {/* Always there: the picture must not move under the finger that draws the first line. */}
      <button
        type="button"
        id="wipe"
        disabled={board.value.strokes.length === 0}
        onClick={() => finger.value?.clear()}
      >
        {t.clear}
      </button>
    </div>
  );
}

/** How long until the auto-shutter fires. */
function Ring(props: { readonly share: number }): JSX.Element {
  return (
    <svg class="ring" viewBox="0 0 100 100" aria-hidden="true">
      <circle cx="50" cy="50" r="46" pathLength="1" stroke-dasharray={`${props.share} 1`} />
    </svg>
  );
}
