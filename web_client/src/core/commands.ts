/**
 * What an operator asks of the phone, and what is told back: the effect that was read back from the camera, or why there is
 * none. The service has already asked whether the operator may; the phone asks again, because it is the seller's.
 */

import { allows, COMMANDS, type Ack, type CommandArgs, type CommandName, type LiveLevel, type PhoneRefusal } from "./messages";
import { NoRoom } from "./photo-store";
import { Unreached } from "./problems";

export type Effect = Readonly<Record<string, unknown>>;
export type CommandAct = (args: CommandArgs) => Promise<Effect> | Effect;
/** What this page can do now; a command without an act is answered `command-unknown`. */
export type CommandActs = Partial<Record<CommandName, CommandAct>>;

/** Why a command had no effect, thrown by the act that found out. */
export class CannotDo extends Error {
  constructor(
    readonly refusal: PhoneRefusal,
    cause?: unknown,
  ) {
    super(refusal, { cause });
    this.name = "CannotDo";
  }
}

export type Outcome = Omit<Ack, "id">;

/** Do what is asked, if the seller allows it, and say what really happened. */
export async function carryOut(
  name: string,
  args: CommandArgs,
  allowed: { readonly level: LiveLevel; readonly isPaused: boolean },
  acts: CommandActs,
): Promise<Outcome> {
  const isKnown = Object.hasOwn(COMMANDS, name);
  const act = isKnown ? acts[name as CommandName] : undefined;
  if (act === undefined) return refused("command-unknown");
  if (allowed.isPaused || !allows(allowed.level, COMMANDS[name as CommandName])) return refused("denied");
  try {
    return { ok: true, effect: await act(args), error: null };
  } catch (error) {
    if (!(error instanceof CannotDo)) console.warn(error);
    return refused(refusalFor(error));
  }
}

const refused = (error: PhoneRefusal): Outcome => ({ ok: false, effect: null, error });

function refusalFor(error: unknown): PhoneRefusal {
  if (error instanceof CannotDo) return error.refusal;
  if (error instanceof NoRoom) return "no-room";
  if (error instanceof Unreached) return "no-network";
  return "photo-failed";
}
