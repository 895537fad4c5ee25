/** The example of a step that an operator wants the seller to see. */

import type { JSX } from "preact";

import { inside, words } from "../context";
import { drawing } from "../drawings";
import { closePanel } from "../live-state";
import { Button, Sheet } from "../Parts";

export function ExampleSheet(props: { readonly stepId: string }): JSX.Element | null {
  const { view } = inside();
  const step = view.steps.find((each) => each.id === props.stepId);
  if (step === undefined) return null;
  return (
    <Sheet id="shown-example" title={words.value.step.exampleTitle} onClose={closePanel}>
      <p lang={view.texts_language}>
        <strong>{step.title}</strong>
      </p>
      {step.example_url === null ? null : <img class="example-large" src={drawing(step.example_url)} alt="" />}
      <p lang={view.texts_language}>{step.instruction}</p>
      <Button kind="primary" onClick={closePanel}>
        {words.value.close}
      </Button>
    </Sheet>
  );
}
