/** Small parts that every screen uses: buttons, sheets, fields, news. */

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import { words } from "./context";

export function Button(props: {
  readonly kind?: "primary" | "plain" | "quiet" | "danger";
  readonly isBusy?: boolean;
  readonly disabled?: boolean;
  readonly id?: string;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <button
      type="button"
      id={props.id}
      class={`button ${props.kind ?? "plain"}`}
      aria-busy={props.isBusy ?? false}
      disabled={(props.disabled ?? false) || (props.isBusy ?? false)}
      onClick={props.onClick}
    >
      {props.isBusy ? <span class="spinner" aria-hidden="true" /> : null}
      {props.children}
    </button>
  );
}

/** The heading of a screen; takes the focus when the screen appears, so that screen readers begin there. */
export function Heading(props: { readonly children: ComponentChildren }): JSX.Element {
  const ref = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    scrollTo(0, 0);
    ref.current?.focus({ preventScroll: true });
  }, []);
  return (
    <h1 ref={ref} tabIndex={-1}>
      {props.children}
    </h1>
  );
}

/** A panel over the screen; Escape, the back of it and its button close it. */
export function Sheet(props: {
  readonly title: string;
  readonly id: string;
  readonly onClose: () => void;
  /** A question that must not go away by a touch beside it. */
  readonly isUrgent?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      id={props.id}
      class="sheet"
      role={props.isUrgent ? "alertdialog" : undefined}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        props.onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current && !props.isUrgent) props.onClose();
      }}
    >
      <div class="sheet-body">
        <header>
          <h2 id={titleId}>{props.title}</h2>
          {props.isUrgent ? null : (
            <button type="button" class="icon-button" aria-label={words.value.close} onClick={props.onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {props.children}
      </div>
    </dialog>
  );
}

/** Something went wrong with what was just tapped. */
export function Trouble(props: { readonly says: string | null }): JSX.Element {
  return (
    <p class="trouble" role="alert" hidden={props.says === null}>
      {props.says}
    </p>
  );
}

/** A one-time code: digits only, filled in by the phone when it can. */
export function CodeField(props: {
  readonly value: string;
  readonly onInput: (digits: string) => void;
}): JSX.Element {
  const id = useId();
  return (
    <div class="field rr-block">
      <label for={id}>{words.value.sign.code}</label>
      <input
        id={id}
        class="code"
        inputMode="numeric"
        autocomplete="one-time-code"
        maxLength={10}
        value={props.value}
        onInput={(event) => props.onInput(event.currentTarget.value.replace(/\D/g, ""))}
      />
    </div>
  );
}

const ICONS = {
  close: "M5 5L19 19M19 5L5 19",
  menu: "M4 7H20M4 12H20M4 17H20",
  help: "M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5v.5",
  check: "M4 12.5L10 18L20 6",
  again: "M20 12a8 8 0 1 1-2.5-5.8M20 3v5h-5",
  phone: "M6 3h4l1.5 5-2.5 1.5a11 11 0 0 0 5.5 5.5L16 12.5l5 1.5v4a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2Z",
  camera: "M4 8h3l2-3h6l2 3h3v11H4ZM12 10.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7Z",
  photo: "M4 5h16v14H4ZM4 16l5-5 4 4 3-3 4 4M9 9h.01",
  chat: "M4 5h16v11H10l-5 4v-4H4ZM8 9h8M8 12.5h5",
  mic: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM6 11a6 6 0 0 0 12 0M12 17v4",
  micOff: "M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM6 11a6 6 0 0 0 12 0M12 17v4M4 4L20 20",
  flag: "M6 21V4h11l-2 4 2 4H6",
} as const;

export function Icon(props: { readonly name: keyof typeof ICONS }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={ICONS[props.name]} />
    </svg>
  );
}
