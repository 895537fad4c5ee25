import { beforeEach, describe, expect, test } from "vitest";

import { Http, SellerApi } from "../src/core/api";
import { MemoryPhotoStore, NoRoom } from "../src/core/photo-store";
import { Refused } from "../src/core/problems";
import { PASSING_MS, Seller } from "../src/core/seller";
import { newsOf, type SellerState } from "../src/core/session";
import type { SellerView } from "../src/core/views";
import { FakeSocket, FakeTimers, settle, step, view } from "./fakes";

/** A service of one case: answers from a table, remembers what was asked. */
class FakeService {
  readonly asked: string[] = [];
  case: SellerView = view();
  chat: readonly object[] = [];
  link: "ready" | "in_use" | "yours" = "ready";
  problem: { status: number; slug: string } | null = null;
  isAway = false;

  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const path = url.split("?")[0] ?? "";
    this.asked.push(`${init.method} ${path}`);
    if (this.isAway) throw new TypeError("Failed to fetch");
    if (this.problem !== null) {
      const { status, slug } = this.problem;
      return new Response(JSON.stringify({ type: `urn:inspection:problem:${slug}`, title: "", status }), { status });
    }
    if (path === "/v1/seller/chat") return Response.json({ items: this.chat });
    if (path === "/v1/seller/preview") return Response.json({ link: this.link, platform_name: "Demo" });
    return Response.json(this.case);
  };
}

describe("the seller's page", () => {
  let service: FakeService;
  let sockets: FakeSocket[];
  let timers: FakeTimers;
  let memory: Map<string, string>;
  let seller: Seller;
  let uploads: string[];
  let refusal: string | null;
  let refusalStatus: number;
  let gate: Promise<void>;
  let shots: number;
  const line = (): FakeSocket => sockets[sockets.length - 1] as FakeSocket;
  const place = (): unknown => (seller.state.at === "inside" ? seller.state.place : seller.state);
  const notice = (): unknown => (seller.state.at === "inside" ? seller.state.notice : seller.state);
  const news = (): unknown => (seller.state.at === "inside" ? newsOf(seller.state) : seller.state);
  const stopped = (): SellerState => seller.state;

  const newPage = (): Seller =>
    new Seller({
      api: new SellerApi(new Http(service.fetch)),
      store: new MemoryPhotoStore(),
      uploader: {
        upload: async (photo) => {
          uploads.push(`${photo.stepId} ${photo.method}`);
          await gate;
          if (refusal !== null) throw new Refused(refusal, refusalStatus, "", "");
        },
      },
      openSocket: (url) => {
        const socket = new FakeSocket(url);
        sockets.push(socket);
        return socket;
      },
      page: { protocol: "https:", host: "cars.example" },
      memory: { get: (key) => memory.get(key) ?? null, set: (key, value) => void memory.set(key, value) },
      newId: () => `capture-${(shots += 1)}`,
      now: () => new Date("2026-11-22T10:00:00Z"),
      isOnline: () => true,
      timers,
    });

  beforeEach(() => {
    service = new FakeService();
    sockets = [];
    timers = new FakeTimers();
    memory = new Map();
    uploads = [];
    refusal = null;
    refusalStatus = 409;
    gate = Promise.resolve();
    shots = 0;
    seller = newPage();
  });

  /** The seller lets an operator steer. */
  const letSteer = (): void => {
    const consents = { ...service.case.consents, live_video: true, live_level: "steer" } as const;
    service.case = { ...service.case, consents };
  };
  const enter = async (): Promise<void> => {
    await seller.start("token");
    await seller.begin();
    line().opens();
  };

  const still = {
    bytes: new Uint8Array([1]).buffer,
    mediaType: "image/jpeg",
    method: "take_photo",
    width: 4,
    height: 3,
  } as const;

  test("a link is looked at without spending it", async () => {
    await seller.start("token");
    expect(seller.state.at).toBe("welcome");
    expect(service.asked).toEqual(["POST /v1/seller/preview"]);
  });

  test("the browser that holds the link goes straight on", async () => {
    service.link = "yours";
    await seller.start("token");
    expect(place()).toEqual({ screen: "step", stepId: "front", shot: null });
  });

  test("another browser is asked for a code", async () => {
    await seller.start("token");
    service.problem = { status: 409, slug: "link-used-elsewhere" };
    await seller.begin();
    expect(seller.state.at).toBe("takeover");
    service.problem = null;
    await seller.takeOver("123456");
    expect(seller.state.at).toBe("inside");
  });

  test.each([
    [404, "link-unknown", "link_unknown"],
    [410, "link-expired", "link_expired"],
    [401, "session-missing", "no_link"],
    [401, "session-taken-over", "taken_over"],
  ] as const)("an answer %i %s is a page of its own", async (status, slug, why) => {
    service.problem = { status, slug };
    await seller.start(status === 401 ? null : "token");
    expect(stopped()).toEqual({ at: "stopped", why });
  });

  test("a service that is away is asked again until it answers", async () => {
    service.isAway = true;
    await seller.start(null);
    expect(seller.state.at).toBe("unreached");
    service.isAway = false;
    timers.pass(4000);
    await settle();
    expect(seller.state.at).toBe("inside");
  });

  test("a photo goes from the shutter to the service, and a reload still awaits its verdict", async () => {
    await enter();
    await seller.shoot(still, "front");
    expect(place()).toEqual({ screen: "step", stepId: "front", shot: "capture-1" });
    await settle();
    expect(uploads).toEqual(["front take_photo"]);
    seller = newPage();
    await seller.start(null);
    expect(place()).toEqual({ screen: "step", stepId: "front", shot: "capture-1" });
  });

  test("a step is shown, and told to those who look on, before the record is asked to note it", async () => {
    await enter();
    timers.pass(1000);
    const asked = service.asked.length;
    seller.goToStep("rear");
    timers.pass(100);
    expect(place()).toMatchObject({ screen: "step", stepId: "rear" });
    expect(line().sent.at(-1)).toEqual({ type: "watch.step", step_id: "rear" });
    expect(service.asked.slice(asked)).toEqual([]);
    timers.pass(1000);
    expect(service.asked.slice(asked)).toEqual(["PUT /v1/seller/step"]);
  });

  test("a refused photo is told of when the seller has gone on, and makes room for the next one", async () => {
    await enter();
    refusal = "duplicate-photo";
    let answer = (): void => undefined;
    gate = new Promise((resolve) => (answer = resolve));
    await seller.shoot(still, "front");
    seller.next();
    answer();
    await settle();
    expect(seller.state).toMatchObject({ notice: { is: "retake_judged", stepId: "front" } });
    refusal = null;
    await seller.shoot(still, "front");
    await settle();
    expect(seller.state).toMatchObject({ waiting: [] });
  });

  test("a refused photo of damage stays, with a notice that says why, until it is tapped away", async () => {
    await enter();
    refusal = "duplicate-photo";
    await seller.shoot(still, null);
    await settle();
    refusal = null;
    await seller.shoot(still, null);
    await seller.help("watch");
    await settle();
    expect(news()).toEqual({ is: "help_coming" });
    timers.pass(PASSING_MS);
    await settle();
    expect(news()).toEqual({ is: "damage_refused", captureId: "capture-1", slug: "duplicate-photo" });
    expect(seller.queue.bytesOf("capture-1")).toBeDefined();
    seller.goToStep("rear");
    expect(news()).toMatchObject({ is: "damage_refused" });
    seller.dismissNotice();
    await settle();
    expect(news()).toBeNull();
    expect(seller.state).toMatchObject({ waiting: [] });
  });

  test("photos held back for want of consent go when the seller consents again", async () => {
    await enter();
    refusal = "consent-missing";
    refusalStatus = 403;
    await seller.shoot(still, "front");
    await settle();
    expect(seller.state).toMatchObject({ at: "inside", waiting: [{ state: "waiting" }] });
    refusal = null;
    await seller.consent(view().consents);
    await settle();
    expect(uploads).toHaveLength(2);
    expect(seller.state).toMatchObject({ waiting: [] });
  });

  test("photos of a closed inspection do not stay on the phone", async () => {
    await enter();
    refusal = "inspection-closed";
    await seller.shoot(still, "front");
    await settle();
    expect(seller.state).toMatchObject({ waiting: [], notice: null });
  });

  test("what the operator asks is seen at once, as a notice with the way there", async () => {
    await enter();
    service.case = view({ event_seq: 2, steps: [step("front"), step("rear", { status: "retake" })] });
    line().says({
      type: "event",
      event: {
        seq: 2,
        at: "",
        kind: "capture.retake_asked",
        actor: { kind: "operator", name: "Ana" },
        data: { step_id: "rear" },
      },
    });
    await settle();
    expect(seller.state).toMatchObject({ notice: { is: "retake_asked", stepId: "rear" }, view: { event_seq: 2 } });
  });

  test("hints are asked for from the first step on, also when the consents brought the seller there", async () => {
    service.case = view({ consents: { ...view().consents, photos: false } });
    await enter();
    expect(place()).toEqual({ screen: "consents" });
    service.case = view({ event_seq: 2 });
    await seller.consent(service.case.consents);
    expect(place()).toMatchObject({ stepId: "front" });
    expect(line().sent).toContainEqual({ type: "watch.step", step_id: "front" });
    expect(service.asked).not.toContain("PUT /v1/seller/step"); // the step is shown first
    timers.pass(1000);
    expect(service.asked).toContain("PUT /v1/seller/step");
  });

  test("go to step moves the page and says so", async () => {
    letSteer();
    await enter();
    line().says({ type: "command", id: "k1", name: "go_to_step", args: { step_id: "wheel" } });
    await settle();
    expect(place()).toMatchObject({ stepId: "wheel" });
    expect(line().sent).toContainEqual({
      type: "ack",
      id: "k1",
      ok: true,
      effect: { step_id: "wheel" },
      error: null,
    });
  });

  test("a command that comes twice, as from a service started anew, is done once and answered twice", async () => {
    letSteer();
    await enter();
    let pressed = 0;
    seller.live.shutter = async () => ({ capture_id: `photo-${(pressed += 1)}` });
    for (const id of ["k1", "k1", "k2"]) line().says({ type: "command", id, name: "take_photo", args: {} });
    await settle();
    const acks = line().sent.filter((message) => message.type === "ack");
    expect(acks).toMatchObject([
      { id: "k1", effect: { capture_id: "photo-1" } },
      { id: "k1", effect: { capture_id: "photo-1" } },
      { id: "k2", effect: { capture_id: "photo-2" } },
    ]);
  });

  test("what asks nothing of the seller leaves by itself, and the rest stays", async () => {
    letSteer();
    await enter();
    line().says({ type: "command", id: "k1", name: "go_to_step", args: { step_id: "wheel" } });
    await settle();
    expect(notice()).toMatchObject({ is: "operator_moved", stepId: "wheel" });
    timers.pass(PASSING_MS - 1000);
    await seller.help("watch");
    timers.pass(1000);
    expect(notice()).toEqual({ is: "help_coming" });
    timers.pass(PASSING_MS - 1000);
    expect(notice()).toBeNull();
    await seller.help("watch");
    line().says({
      type: "event",
      event: {
        seq: 9,
        at: "",
        kind: "capture.retake_asked",
        actor: { kind: "operator", name: "Ana" },
        data: { step_id: "rear" },
      },
    });
    await settle();
    timers.pass(PASSING_MS);
    expect(notice()).toEqual({ is: "retake_asked", stepId: "rear" });
  });

  test("take the photo says what the camera did, or that it is closed", async () => {
    letSteer();
    await enter();
    line().says({ type: "command", id: "k1", name: "take_photo", args: {} });
    seller.live.shutter = async () => ({ width: 4000 });
    line().says({ type: "command", id: "k2", name: "take_photo", args: {} });
    await settle();
    seller.live.shutter = () => Promise.reject(new Error("track ended"));
    line().says({ type: "command", id: "k3", name: "take_photo", args: {} });
    seller.live.shutter = () => Promise.reject(new NoRoom(null));
    line().says({ type: "command", id: "k4", name: "take_photo", args: {} });
    await settle();
    const acks = line().sent.filter((message) => message.type === "ack");
    expect(acks).toMatchObject([
      { id: "k1", ok: false, error: "camera-closed" },
      { id: "k2", ok: true, effect: { width: 4000 } },
      { id: "k3", ok: false, error: "photo-failed" },
      { id: "k4", ok: false, error: "no-room" },
    ]);
  });

  test("a command for a step that does not exist is refused", async () => {
    letSteer();
    await enter();
    line().says({ type: "command", id: "k1", name: "go_to_step", args: { step_id: "roof" } });
    await settle();
    expect(line().sent).toContainEqual({ type: "ack", id: "k1", ok: false, effect: null, error: "step-unknown" });
  });

  test("the older of two tabs stops and sends nothing more", async () => {
    await enter();
    line().breaks(4409);
    expect(stopped()).toEqual({ at: "stopped", why: "other_tab" });
    await seller.queue.resume("i1");
    await settle();
    expect(uploads).toEqual([]);
  });

  test("a verdict is fetched even when the line is down", async () => {
    await enter();
    await seller.shoot(still, "front");
    await settle();
    line().breaks();
    const before = service.asked.length;
    timers.pass(5000);
    await settle();
    expect(service.asked.slice(before)).toContain("GET /v1/seller/inspection");
  });

  test("events in a burst are answered by few readings", async () => {
    await enter();
    const before = service.asked.length;
    for (let seq = 2; seq < 12; seq += 1) {
      line().says({
        type: "event",
        event: { seq, at: "", kind: "finding.detected", actor: { kind: "service", name: "" }, data: {} },
      });
    }
    await settle();
    expect(service.asked.length - before).toBeLessThanOrEqual(2);
  });

  test("an operator does no more than the seller allows", async () => {
    service.case = { ...service.case, consents: { ...service.case.consents, live_video: true, live_level: "point" } };
    await enter();
    line().says({ type: "command", id: "k1", name: "go_to_step", args: { step_id: "wheel" } });
    await settle();
    expect(place()).toMatchObject({ stepId: "front" });
    expect(line().sent).toContainEqual({ type: "ack", id: "k1", ok: false, effect: null, error: "denied" });
  });

  const rings = { type: "call", call_id: "l1", state: "ringing", operator_name: "Ana", paused: false, viewers: [] };

  test("a call is answered with what the operator may do, which the service hears first", async () => {
    await enter();
    line().says(rings);
    expect(seller.state).toMatchObject({ call: { operatorName: "Ana", state: "ringing" } });
    const before = service.asked.length;
    await seller.live.accept("point");
    expect(service.asked.slice(before)).toContain("PUT /v1/seller/consents");
    expect(line().sent.at(-1)).toEqual({ type: "call.accept" });
  });

  test("an operator who hangs up leaves a word, a seller who hangs up needs none", async () => {
    await enter();
    line().says({ ...rings, state: "accepted" });
    line().says({ ...rings, state: "ended", reason: "hung-up" });
    expect(seller.state).toMatchObject({ call: null });
    expect(notice()).toEqual({ is: "call_over", operator: "Ana", reason: "hung-up" });
    seller.dismissNotice();
    line().says({ ...rings, call_id: "l2", state: "accepted" });
    seller.live.endCall();
    line().says({ ...rings, call_id: "l2", state: "ended", reason: "hung-up" });
    expect(seller.state).toMatchObject({ call: null, notice: null });
  });

  test("pausing hides at once, also while the line is down, and is said when the line is back", async () => {
    await enter();
    line().says({ ...rings, state: "accepted" });
    line().breaks();
    seller.live.pauseCall(true);
    expect(seller.state).toMatchObject({ call: { isPaused: true } });
    timers.pass(1000);
    line().opens();
    line().says({ ...rings, state: "accepted" });
    expect(seller.state).toMatchObject({ call: { isPaused: true } });
    expect(line().sent).toContainEqual({ type: "call.pause" });
    line().says({ ...rings, state: "accepted", paused: true });
    seller.live.pauseCall(false);
    expect(line().sent.at(-1)).toEqual({ type: "call.resume" });
  });

  test("a call that ended while the line was down is over here too, and one that goes on goes on", async () => {
    await enter();
    line().says({ ...rings, state: "accepted" });
    const welcome = { type: "welcome", role: "seller", heartbeat_s: 5, ice_servers: [], name: "", relay_only: false };
    line().says({ ...welcome, call_id: "l1" });
    expect(seller.state).toMatchObject({ call: { id: "l1", state: "accepted" } });
    line().says({ ...welcome, call_id: null });
    expect(seller.state).toMatchObject({ call: null });
    expect(notice()).toEqual({ is: "call_over", operator: "Ana", reason: "connection-lost" });
  });

  test("hanging up without a line does not bring the call back with the line", async () => {
    await enter();
    line().says({ ...rings, state: "accepted" });
    line().breaks();
    seller.live.endCall();
    timers.pass(1000);
    line().opens();
    line().says({ ...rings, state: "accepted" });
    expect(seller.state).toMatchObject({ call: null });
    expect(line().sent).toContainEqual({ type: "call.end" });
  });

  test("who looks on is named, and can be sent away", async () => {
    await enter();
    line().says({ ...rings, state: "accepted", viewers: [{ viewer_id: "v1", name: "Sam" }] });
    expect(seller.state).toMatchObject({ call: { viewers: [{ viewer_id: "v1", name: "Sam" }] } });
    seller.live.endViewer("v1");
    expect(line().sent.at(-1)).toEqual({ type: "viewer.end", viewer_id: "v1" });
  });

  test("a message is shown once, counts as new until it is seen, and is not lost with the line", async () => {
    await enter();
    const message = { id: "m1", from: "operator", name: "Ana", text: "Hello", at: "2026-11-22T10:00:01Z", read_aloud: false };
    line().says({ type: "chat", ...message });
    line().says({ type: "chat", ...message });
    expect(seller.state).toMatchObject({ unread: 1, chat: [{ id: "m1" }] });
    seller.live.seeChat();
    expect(seller.state).toMatchObject({ unread: 0 });
    service.chat = [message, { ...message, id: "m2", at: "2026-11-22T10:00:02Z" }];
    await seller.live.readChat();
    expect(seller.state).toMatchObject({ unread: 1, chat: [{ id: "m1" }, { id: "m2" }] });
  });

  const welcome = { type: "welcome", role: "seller", heartbeat_s: 5, ice_servers: [], name: "", relay_only: false, call_id: null };
  const said = (): unknown[] => line().sent.filter((each) => each.type === "chat");
  const stored = { id: "m1", from: "seller", name: "Cam", text: "Done!", at: "2026-11-22T10:00:01Z", read_aloud: false };

  test("a sentence on a line that was dead already goes again under its id, and stands once", async () => {
    await enter();
    seller.live.write("  Done!  ");
    const sentence = { type: "chat", id: "capture-1", text: "Done!" };
    expect(said()).toEqual([sentence]);
    expect(seller.state).toMatchObject({ chat: [], unsaid: [{ id: "capture-1", text: "Done!", isRefused: false }] });
    line().breaks();
    seller.live.write("Hello?");
    timers.pass(1000);
    line().opens();
    line().says(welcome);
    expect(said()).toEqual([sentence, { type: "chat", id: "capture-2", text: "Hello?" }]);
    // What was stored the first time may be read before the service says it again to its author.
    service.chat = [stored];
    await seller.live.readChat();
    line().says({ type: "chat", ...stored, client_id: "capture-1" });
    expect(seller.state).toMatchObject({ chat: [{ id: "m1" }], unsaid: [{ id: "capture-2" }] });
  });

  test("a sentence that was not sent yet survives a reload, goes again under its id, and is then forgotten", async () => {
    await enter();
    line().breaks();
    seller.live.write("Done!");
    seller = newPage();
    await enter();
    expect(seller.state).toMatchObject({ unsaid: [{ id: "capture-1", text: "Done!", isRefused: false }] });
    line().says(welcome);
    expect(said()).toEqual([{ type: "chat", id: "capture-1", text: "Done!" }]);
    line().says({ type: "chat", ...stored, client_id: "capture-1" });
    seller = newPage();
    await enter();
    expect(seller.state).toMatchObject({ unsaid: [] });
  });

  test("a refused sentence survives a reload too, and still waits for a person to try again", async () => {
    await enter();
    seller.live.write("Done!");
    line().says({ type: "problem", problem: { type: "urn:inspection:problem:quota-exceeded", id: "capture-1" } });
    seller = newPage();
    await enter();
    line().says(welcome);
    expect(said()).toEqual([]);
    expect(seller.state).toMatchObject({ unsaid: [{ id: "capture-1", isRefused: true }] });
  });

  test.each(["not json", "{}", "[null, 7, {}]"])("a memory that is spoilt is no memory: %s", async (spoilt) => {
    memory.set(`unsaid:${view().inspection.id}`, spoilt);
    await enter();
    expect(seller.state).toMatchObject({ at: "inside", unsaid: [] });
  });

  test("a sentence that is refused says so, stays for another try, and does not go again by itself", async () => {
    await enter();
    seller.live.write("Done!");
    line().says({ type: "problem", problem: { type: "urn:inspection:problem:quota-exceeded", id: "capture-1" } });
    line().says({ type: "problem", problem: { type: "urn:inspection:problem:malformed-message" } });
    expect(seller.state).toMatchObject({ unsaid: [{ text: "Done!", isRefused: true }] });
    line().says(welcome);
    expect(said()).toHaveLength(1);
    seller.live.writeAgain("capture-1");
    expect(said()).toHaveLength(2);
    expect(seller.state).toMatchObject({ unsaid: [{ isRefused: false }] });
    line().says({ type: "chat", ...stored, client_id: "capture-1" });
    expect(seller.state).toMatchObject({ chat: [{ id: "m1" }], unsaid: [] });
    seller.live.writeAgain("capture-1");
    expect(said()).toHaveLength(2);
  });

  test("help is asked for with what a person may then do, and taken back again", async () => {
    await enter();
    const before = service.asked.length;
    await seller.help("steer");
    await seller.withdrawHelp();
    expect(service.asked.slice(before)).toEqual([
      "PUT /v1/seller/consents",
      "POST /v1/seller/help",
      "DELETE /v1/seller/help",
    ]);
  });

  test("a picture for the analysis goes out only while nothing else waits on the line", async () => {
    await enter();
    expect(seller.sayBytes(new ArrayBuffer(8))).toBe(true);
    line().bufferedAmount = 50_000;
    expect(seller.sayBytes(new ArrayBuffer(8))).toBe(false);
    expect(line().bytesSent).toHaveLength(1);
  });
});
