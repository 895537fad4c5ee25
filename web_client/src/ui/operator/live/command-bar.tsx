import { inWords } from "../../../core/words";
import type { CaseModel } from "../case-model";
import { t } from "../desk";
import { acts, type Act } from "./acts";
import { effectOf, nameOf, outcomeOf, type SentCommand } from "./commands";

/** Every act with its key; what cannot be done now is grey and says why. */
export function CommandBar({ model }: { readonly model: CaseModel }) {
  const words = t().live;
  const all = acts(model);
  // Where one reason holds for everything, it is said once and not eleven times.
  const common = all.every((each) => each.why === all[0]?.why) ? (all[0]?.why ?? null) : null;
  return (
    <div class="command-bar" role="toolbar" aria-label={words.commands}>
      {all.map((act) => (
        <ActButton key={act.id} act={act} saysWhy={common === null} />
      ))}
      {common !== null && <span class="warning">{words.whyNot[common]}</span>}
    </div>
  );
}

function ActButton({ act, saysWhy }: { readonly act: Act; readonly saysWhy: boolean }) {
  const words = t().live;
  const name = act.isOn ? (inWords(words.actsOn, act.id) ?? words.acts[act.id]) : words.acts[act.id];
  const why = act.why === null ? null : words.whyNot[act.why];
  return (
    <button
      data-act={act.id}
      disabled={why !== null}
      {...(act.isOn === undefined ? {} : { "aria-pressed": act.isOn })}
      title={why ?? name}
      aria-label={why === null ? name : `${name}: ${why}`}
      onClick={act.run}
    >
      {name} <kbd>{act.key}</kbd>
      {saysWhy && act.why !== null && <small>{words.whyNotShort[act.why]}</small>}
    </button>
  );
}

/** What was asked of the phone last, and what the camera really did. */
export function Commands({ model }: { readonly model: CaseModel }) {
  const words = t().live;
  const commands = model.live.commands.value;
  if (commands.length === 0) return null;
  return (
    <section>
      <h2>{words.commands}</h2>
      <ul class="commands" aria-live="polite">
        {commands.slice(0, 5).map((command) => (
          <Outcome key={command.id} command={command} model={model} />
        ))}
      </ul>
    </section>
  );
}

function Outcome({ command, model }: { readonly command: SentCommand; readonly model: CaseModel }) {
  const texts = t();
  const outcome = outcomeOf(command);
  const step = model.view.value?.steps.find((each) => each.id === command.args.step_id);
  const isAsked = command.name === "record" && command.args.on === true && model.view.value?.consents.recording === false;
  const detail = [step?.title, effectOf(command, texts.live.facing)].filter(Boolean).join(" · ");
  const said = {
    waiting: isAsked ? texts.live.sellerAsked : texts.commandSent,
    done: texts.commandDone,
    nothing: texts.live.didNothing,
    refused: `${texts.commandFailed}${texts.colon}${outcome.is === "refused" ? (inWords(texts.commandErrors, outcome.error) ?? outcome.error) : ""}`,
  }[outcome.is];
  return (
    <li data-outcome={outcome.is} class={{ waiting: "faint", done: "good", nothing: "warning", refused: "bad" }[outcome.is]}>
      <span class="no">{command.no === null ? "–" : `#${command.no}`}</span> {nameOf(command, texts.live)}
      {texts.colon}
      <strong>{said}</strong>
      {detail && <small> {detail}</small>}
    </li>
  );
}
