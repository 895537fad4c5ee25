/** Takes the link to another browser. */

import type { JSX } from "preact";
import { useState } from "preact/hooks";

import { seller, words } from "./context";
import { Button } from "./Parts";

export function CopyLink(): JSX.Element | null {
  const [isCopied, setCopied] = useState(false);
  const link = seller().link;
  if (link === null) return null;
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
    } catch {
      // Some in-app browsers refuse the clipboard: the field below can be copied by hand.
    }
  };
  return (
    <>
      <Button id="copy-link" kind="primary" onClick={() => void copy()}>
        {isCopied ? words.value.copied : words.value.copy}
      </Button>
      <input
        class="link"
        readOnly
        aria-label={words.value.copy}
        value={link}
        onFocus={(event) => event.currentTarget.select()}
      />
    </>
  );
}
