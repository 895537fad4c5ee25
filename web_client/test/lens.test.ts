import { describe, expect, test } from "vitest";

import { CannotDo, carryOut } from "../src/core/commands";
import { capabilitiesOf, setTorch, settingsOf, setZoom, type LensTrack } from "../src/core/lens";
import { COMMANDS } from "../src/core/messages";
import { Unreached } from "../src/core/problems";

/** A camera that obeys, unless it is told to be like some real one. */
function lens(told: object, settings: Record<string, unknown>, obeys: (asked: Record<string, unknown>) => object | Error = (a) => a): LensTrack {
  let now = settings;
  return {
    getCapabilities: () => told,
    getSettings: () => now,
    applyConstraints: async (constraints) => {
      const result = obeys((constraints.advanced?.[0] ?? {}) as Record<string, unknown>);
      if (result instanceof Error) throw result;
      now = { ...now, ...result };
    },
  };
}
const refusal = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "done",
    (error: unknown) => (error instanceof CannotDo ? error.refusal : String(error)),
  );
const ZOOM = { zoom: { min: 1, max: 5, step: 0.5 } };

describe("what a camera can do", () => {
  test("is read from what it says, in either way it may say it", () => {
    expect(capabilitiesOf(lens({ torch: true, ...ZOOM }, {}))).toEqual({ torch: true, zoom: ZOOM.zoom });
    expect(capabilitiesOf(lens({ torch: [false, true] }, {})).torch).toBe(true);
    expect(capabilitiesOf(lens({ torch: [false], zoom: { min: 1, max: 1, step: 1 } }, {}))).toEqual({ torch: false, zoom: null });
  });

  test("is nothing where the browser does not tell", () => {
    const { getSettings, applyConstraints } = lens({}, {});
    expect(capabilitiesOf({ getSettings, applyConstraints })).toEqual({ torch: false, zoom: null });
    expect(settingsOf(lens({}, {}))).toEqual({ facing: null, width: 0, height: 0, torch: null, zoom: null });
  });
});

describe("torch and zoom", () => {
  test("what the camera did is read back from it", async () => {
    expect(await setTorch(lens({ torch: true }, { torch: false }), true)).toBe(true);
    expect(await setZoom(lens(ZOOM, { zoom: 1 }), 3)).toBe(3);
  });

  test("a level beyond the range ends at its edge", async () => {
    expect(await setZoom(lens(ZOOM, { zoom: 1 }), 80)).toBe(5);
    expect(await setZoom(lens(ZOOM, { zoom: 2 }), 0.1)).toBe(1);
  });

  test("a camera that has none says so, without being asked", async () => {
    const dull = lens({}, {}, () => new Error("must not be asked"));
    expect(await refusal(setTorch(dull, true))).toBe("unsupported");
    expect(await refusal(setZoom(dull, 2))).toBe("unsupported");
  });

  test("a camera that nods and does nothing is found out", async () => {
    expect(await refusal(setTorch(lens({ torch: true }, { torch: false }, () => ({})), true))).toBe("no-effect");
    expect(await refusal(setZoom(lens(ZOOM, { zoom: 1 }, () => ({})), 4))).toBe("no-effect");
  });

  test("a camera that will not, and a phone that forbids it, are told apart", async () => {
    const broken = lens({ torch: true }, {}, () => new DOMException("", "OverconstrainedError"));
    const forbidden = lens({ torch: true }, {}, () => new DOMException("", "NotAllowedError"));
    expect(await refusal(setTorch(broken, true))).toBe("no-effect");
    expect(await refusal(setTorch(forbidden, true))).toBe("denied");
  });

  test("a camera that does not tell how it stands is not lied about", async () => {
    expect(await setTorch(lens({ torch: true }, {}, () => ({})), true)).toBeNull();
  });

  test("a torch that goes out while zooming is lit again", async () => {
    const webkit = lens({ torch: true, ...ZOOM }, { torch: true, zoom: 1 }, (asked) =>
      "zoom" in asked ? { ...asked, torch: false } : asked,
    );
    await setZoom(webkit, 2);
    expect(settingsOf(webkit)).toMatchObject({ torch: true, zoom: 2 });
  });
});

describe("commands", () => {
  const all = { level: "steer", isPaused: false } as const;

  test("each needs its level, and none is done while paused", async () => {
    for (const [name, level] of Object.entries(COMMANDS)) {
      const acts = { [name]: () => ({ done: true }) };
      expect((await carryOut(name, {}, { level, isPaused: false }, acts)).ok).toBe(true);
      expect(await carryOut(name, {}, { level: "off", isPaused: false }, acts)).toMatchObject({ ok: false, error: "denied" });
      expect(await carryOut(name, {}, { level: "steer", isPaused: true }, acts)).toMatchObject({ ok: false, error: "denied" });
      if (level === "steer") expect((await carryOut(name, {}, { level: "point", isPaused: false }, acts)).ok).toBe(false);
    }
  });

  test("what this page does not know it does not do", async () => {
    for (const name of ["torch", "toString", "__proto__"]) {
      expect(await carryOut(name, {}, all, {})).toEqual({ ok: false, effect: null, error: "command-unknown" });
    }
  });

  test("why it could not be done is said", async () => {
    const fails = (error: unknown) => ({ freeze: () => Promise.reject(error as Error) });
    expect((await carryOut("freeze", {}, all, fails(new CannotDo("unsupported")))).error).toBe("unsupported");
    expect((await carryOut("freeze", {}, all, fails(new Unreached()))).error).toBe("no-network");
    expect((await carryOut("freeze", {}, all, fails(new Error("x")))).error).toBe("photo-failed");
  });
});
