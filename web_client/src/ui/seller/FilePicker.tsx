/** The phone's own camera app, for when the page gets no camera: full sensor size, but one leaves the page for it. */

import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";

import { stillFrom } from "../../core/camera";
import type { Still } from "../../core/capture";
import { words } from "./context";
import { measure } from "./darkroom";
import { Icon, Trouble } from "./Parts";

const MOST_BYTES = 40 * 1024 * 1024;
const NAMED_LIKE_PHOTO = /\.(jpe?g|png|webp|heic|heif)$/i;

export function FilePicker(props: {
  readonly label: string;
  readonly hint?: string;
  readonly kind?: "primary" | "plain" | "quiet";
  readonly onStill: (still: Still) => Promise<unknown>;
}): JSX.Element {
  const t = words.value.step;
  const id = useId();
  const [error, setError] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const picked = async (input: HTMLInputElement): Promise<void> => {
    const file = input.files?.[0];
    if (file === undefined) return;
    setError(null);
    setBusy(true);
    try {
      if (!file.type.startsWith("image/") && !NAMED_LIKE_PHOTO.test(file.name)) setError(t.notAnImage);
      else if (file.size > MOST_BYTES) setError(t.fileTooLarge);
      else {
        const still = await stillFrom(file, "file", { measure });
        const isReadable = still.width > 0 || /hei[cf]/i.test(file.type + file.name);
        if (isReadable) await props.onStill(still);
        else setError(t.notAnImage);
      }
    } catch (thrown) {
      console.warn(thrown);
      setError(t.failed);
    } finally {
      setBusy(false);
      input.value = ""; // The same file may be chosen again.
    }
  };

  return (
    <div class="picker">
      <label class={`button ${props.kind ?? "primary"}`} for={id} aria-busy={isBusy}>
        <Icon name="camera" />
        {props.label}
      </label>
      <input
        id={id}
        class="unseen"
        type="file"
        accept="image/*,.heic,.heif"
        capture="environment"
        onChange={(event) => void picked(event.currentTarget)}
      />
      {props.hint === undefined ? null : <p class="note">{props.hint}</p>}
      <Trouble says={error} />
    </div>
  );
}
