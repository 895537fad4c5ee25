/** The screens after the camera, fetched once the camera is open so that the first load stays small. */

import type { FunctionComponent, JSX } from "preact";
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { words } from "./context";
import { Button } from "./Parts";

type LateScreen = "review" | "damage" | "sign" | "done";

const loaded = signal<Readonly<Record<LateScreen, FunctionComponent>> | null>(null);
const failed = signal(false);

/** Fetch them now, while there is a network. */
export async function preloadLate(): Promise<void> {
  if (loaded.value !== null) return;
  failed.value = false;
  try {
    const { Review, Damage, Sign, Done } = await import("./after-camera");
    loaded.value = { review: Review, damage: Damage, sign: Sign, done: Done };
  } catch {
    failed.value = true; // No network: shown with a way to try again.
  }
}

export function Late(props: { readonly screen: LateScreen }): JSX.Element {
  useEffect(() => void preloadLate(), []);
  const Screen = loaded.value?.[props.screen];
  if (Screen !== undefined) return <Screen />;
  return (
    <main class="page" data-screen="loading">
      <p role="status">{failed.value ? words.value.unreachedText : words.value.loading}</p>
      {failed.value ? <Button onClick={() => void preloadLate()}>{words.value.tryAgain}</Button> : null}
    </main>
  );
}
