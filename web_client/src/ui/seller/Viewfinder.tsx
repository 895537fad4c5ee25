/** The camera's picture as it will be taken, whole, with the outline to fill; or why there is none. */

import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Still } from "../../core/capture";
import type { StepView } from "../../core/views";
import { camera, cameraVideo, isStalled, openTheCamera, watchFrames } from "./camera-state";
import { isDemo, words } from "./context";
import { CopyLink } from "./CopyLink";
import { demoUrl } from "./demo-car";
import { drawing } from "./drawings";
import { FilePicker } from "./FilePicker";
import { parts } from "./live-state";
import { Button } from "./Parts";

const FOUR_BY_THREE = 4 / 3;

export function Viewfinder(props: {
  readonly step: StepView;
  readonly video: RefObject<HTMLVideoElement | null>;
  /** Whether the seller sees it now, and not a verdict. */
  readonly isShown: boolean;
  readonly onStill: (still: Still) => Promise<unknown>;
}): JSX.Element {
  const now = camera.value;
  const [picture, setPicture] = useState({ width: 0, height: 0 });
  const ratio = picture.width > 0 ? picture.width / picture.height : FOUR_BY_THREE;
  const measure = (video: HTMLVideoElement): void =>
    setPicture({ width: video.videoWidth, height: video.videoHeight });
  const isWatched = useRef(props.isShown);
  isWatched.current = props.isShown;
  const stream = now.is === "open" ? now.stream : null;
  useEffect(() => {
    const video = props.video.current;
    if (video === null || stream === null) return;
    video.srcObject = stream;
    video.play().catch(() => undefined); // It plays by itself as soon as the page is visible.
  }, [stream, isDemo.value]);
  useEffect(() => {
    const video = props.video.current;
    cameraVideo.value = video;
    if (video === null) return undefined;
    const stopWatching = watchFrames(video, () => isWatched.current);
    return () => {
      cameraVideo.value = null;
      stopWatching();
    };
  }, [isDemo.value, now.is === "trouble"]);

  if (!isDemo.value && now.is === "trouble") return <NoPicture trouble={now.trouble} onStill={props.onStill} />;
  return (
    <div class="finder">
      <div class="frame" style={{ "--ratio": String(isDemo.value ? FOUR_BY_THREE : ratio) }}>
        {isDemo.value ? (
          <img class="picture" src={demoUrl(props.step.id)} alt="" />
        ) : (
          <video
            ref={props.video}
            id="cam"
            class="picture"
            autoplay
            muted
            playsInline
            aria-hidden="true"
            onResize={(event) => measure(event.currentTarget)}
            onLoadedMetadata={(event) => measure(event.currentTarget)}
          />
        )}
        {props.step.overlay_url === null ? null : <img class="outline" src={drawing(props.step.overlay_url)} alt="" />}
        {parts.value === null || isDemo.value ? null : <parts.value.Overlay picture={picture} />}
        {!isDemo.value && isStalled.value ? (
          <div class="opening" role="status" id="stalled">
            <p>
              <strong>{words.value.step.stalled}</strong>
            </p>
            <p>{words.value.step.stalledText}</p>
          </div>
        ) : !isDemo.value && now.is !== "open" ? (
          <div class="opening" role="status">
            <p>{words.value.step.opening}</p>
            <p>{words.value.step.askPermission}</p>
          </div>
        ) : null}
      </div>
    </div>
  );
}

/** Why there is no camera, what to do about it, and the way round it. */
function NoPicture(props: {
  readonly trouble: keyof typeof words.value.camera;
  readonly onStill: (still: Still) => Promise<unknown>;
}): JSX.Element {
  const t = words.value;
  const about = t.camera[props.trouble];
  const isForGood = props.trouble === "none" || props.trouble === "insecure";
  return (
    <div class="no-picture" id="camera-trouble" data-trouble={props.trouble}>
      <div role="alert">
        <h2>{about.title}</h2>
        <p>{about.text}</p>
      </div>
      {props.trouble === "in_app" ? <CopyLink /> : null}
      {isForGood ? null : (
        <Button id="camera-again" kind="primary" onClick={() => void openTheCamera()}>
          {t.tryAgain}
        </Button>
      )}
      <FilePicker
        label={t.step.pickFile}
        hint={t.step.pickHint}
        kind={isForGood ? "primary" : "plain"}
        onStill={props.onStill}
      />
    </div>
  );
}
