import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";

import type { KeptPhoto } from "../src/core/capture";
import { IndexedPhotoStore, type PhotoStore } from "../src/core/photo-store";
import { Refused, Unreached } from "../src/core/problems";
import { STALLED_AFTER_MS, UploadQueue, type Uploader, type Waiting } from "../src/core/upload-queue";
import { FakeTimers, photo, settle } from "./fakes";

/** Answers each upload as told, in order; what is not told works. */
class FakeUploader implements Uploader {
  readonly asked: string[] = [];
  answers: (Error | null)[] = [];
  /** Photos that never work. */
  readonly fails = new Map<string, Error>();

  async upload(kept: KeptPhoto, _signal: AbortSignal, onProgress: (share: number) => void): Promise<void> {
    this.asked.push(kept.captureId);
    const answer = this.fails.get(kept.captureId) ?? this.answers.shift() ?? null;
    if (answer !== null) throw answer;
    onProgress(1);
  }
}

const refused = (slug: string, status: number): Refused => new Refused(slug, status, "", "");

describe("photos on their way", () => {
  let database: IDBFactory;
  let store: PhotoStore;
  let uploader: FakeUploader;
  let timers: FakeTimers;
  let waiting: readonly Waiting[];
  let sent: string[];
  let barred: number;
  let queue: UploadQueue;

  const newQueue = (): UploadQueue =>
    new UploadQueue(
      store,
      uploader,
      (now) => (waiting = now),
      (kept) => sent.push(kept.captureId),
      () => (barred += 1),
      timers,
      () => 1,
    );

  beforeEach(async () => {
    database = new IDBFactory();
    store = await IndexedPhotoStore.open(database);
    uploader = new FakeUploader();
    timers = new FakeTimers();
    waiting = [];
    sent = [];
    barred = 0;
    queue = newQueue();
  });

  test("a photo is on the phone before add() answers, and leaves it only when the service has it", async () => {
    uploader.answers = [new Unreached()];
    await queue.add(photo("c1"));
    expect(await store.list("i1")).toHaveLength(1);
    await settle();
    expect(await store.list("i1")).toHaveLength(1);
    timers.pass(1000);
    await settle();
    expect(sent).toEqual(["c1"]);
    expect(await store.list("i1")).toEqual([]);
  });

  test("a page killed in the middle of an upload sends the photo from the next page", async () => {
    uploader.answers = [new Unreached()];
    await queue.add(photo("c1"));
    await settle();
    queue.stop();
    store = await IndexedPhotoStore.open(database);
    queue = newQueue();
    await queue.resume("i1");
    await settle();
    expect(sent).toEqual(["c1"]);
  });

  test("bytes come back from the phone as they went in", async () => {
    const before = photo("c1");
    await store.put(before);
    const [after] = await store.list("i1");
    expect(new Uint8Array(after?.bytes as ArrayBuffer)).toEqual(new Uint8Array(before.bytes));
    expect(await store.list("another")).toEqual([]);
  });

  test("photos go one after the other, in the order they were taken", async () => {
    await Promise.all([queue.add(photo("c1")), queue.add(photo("c22")), queue.add(photo("c333"))]);
    await settle();
    expect(uploader.asked).toEqual(["c1", "c22", "c333"]);
    expect(waiting).toEqual([]);
  });

  test("without a network it tries less and less often, and at once when woken", async () => {
    uploader.answers = Array.from({ length: 9 }, () => new Unreached());
    await queue.add(photo("c1"));
    await settle();
    for (const wait_ms of [1000, 2000, 4000]) {
      timers.pass(wait_ms - 1);
      await settle();
      const before = uploader.asked.length;
      timers.pass(1);
      await settle();
      expect(uploader.asked.length).toBe(before + 1);
    }
    uploader.answers = [];
    queue.wake();
    await settle();
    expect(sent).toEqual(["c1"]);
  });

  test("a photo the service will not have is shown with the reason, kept, and does not hold up the others", async () => {
    uploader.answers = [refused("step-unknown", 422)];
    await queue.add(photo("c1"));
    await queue.add(photo("c22"));
    await settle();
    expect(waiting).toMatchObject([{ captureId: "c1", state: "refused", slug: "step-unknown" }]);
    expect(sent).toEqual(["c22"]);
    expect(await store.list("i1")).toHaveLength(1);
    await queue.discard("c1");
    expect(await store.list("i1")).toEqual([]);
  });

  test("bytes damaged on the way are sent again, but not for ever", async () => {
    uploader.answers = Array.from({ length: 9 }, () => refused("checksum-mismatch", 460));
    await queue.add(photo("c1"));
    await settle();
    for (let i = 0; i < 9; i += 1) {
      timers.pass(30_000);
      await settle();
    }
    expect(uploader.asked).toHaveLength(4);
    expect(waiting).toMatchObject([{ state: "refused", slug: "checksum-mismatch" }]);
  });

  test.each([500, 503, 429])("an answer %i is a bad moment, not a bad photo", async (status) => {
    uploader.answers = [refused("unknown", status)];
    await queue.add(photo("c1"));
    await settle();
    expect(waiting).toMatchObject([{ state: "waiting" }]);
    timers.pass(1000);
    await settle();
    expect(sent).toEqual(["c1"]);
  });

  test.each([500, 504, 0])("a photo that fails with %i time and again does not hold up the others", async (status) => {
    uploader.fails.set("c1", status === 0 ? new Unreached() : refused("unknown", status));
    await queue.add(photo("c1"));
    await queue.add(photo("c22"));
    await settle();
    timers.pass(1000);
    await settle();
    expect(sent).toEqual(["c22"]);
    await queue.add(photo("c333"));
    await settle();
    expect(sent).toEqual(["c22", "c333"]);
    uploader.fails.clear();
    timers.pass(30_000);
    await settle();
    expect(sent).toEqual(["c22", "c333", "c1"]);
  });

  test("a failing photo is tried less and less often while others get through", async () => {
    uploader.fails.set("c1", refused("unknown", 500));
    await queue.add(photo("c1"));
    for (let second = 0; second < 60; second += 1) {
      await queue.add(photo(`good-${second}`));
      await settle();
      timers.pass(1000);
      await settle();
    }
    expect(sent).toHaveLength(60);
    // After 0, 1, 3, 7, 15 and 31 seconds, each at most one round later.
    expect(uploader.asked.filter((id) => id === "c1").length).toBeLessThanOrEqual(6);
  });

  test("a service in trouble is not asked once for every photo", async () => {
    uploader.answers = Array.from({ length: 99 }, () => refused("unknown", 503));
    for (let n = 0; n < 9; n += 1) await store.put(photo(`c${n}`));
    await queue.resume("i1");
    for (let second = 0; second < 15; second += 1) {
      await settle();
      timers.pass(1000);
    }
    await settle();
    expect(uploader.asked).toEqual(["c0", "c1", "c2", "c3", "c4"]);
  });

  test("without the seller's consent photos wait, and go when the queue is woken", async () => {
    uploader.answers = [refused("consent-missing", 403)];
    await queue.add(photo("c1"));
    await settle();
    timers.pass(60_000);
    await settle();
    expect(uploader.asked).toHaveLength(1);
    expect(barred).toBe(1);
    expect(waiting).toMatchObject([{ state: "waiting" }]);
    queue.wake();
    await settle();
    expect(sent).toEqual(["c1"]);
  });

  test("another 403 is a refusal like any other, not the end of the session", async () => {
    uploader.answers = [refused("not-allowed", 403)];
    await queue.add(photo("c1"));
    await queue.add(photo("c22"));
    await settle();
    expect(barred).toBe(0);
    expect(waiting).toMatchObject([{ captureId: "c1", state: "refused", slug: "not-allowed" }]);
    expect(sent).toEqual(["c22"]);
  });

  test.each([429, 409])("too many photos (%i) is said once, not asked for ever", async (status) => {
    uploader.answers = [refused("quota-exceeded", status)];
    await queue.add(photo("c1"));
    await settle();
    timers.pass(60_000);
    await settle();
    expect(uploader.asked).toHaveLength(1);
    expect(waiting).toMatchObject([{ state: "refused", slug: "quota-exceeded" }]);
  });

  test("too many uploads under way at once is waited for: no photo is given up for it", async () => {
    uploader.answers = [new Refused("quota-exceeded", 409, "", "", { quota: "open_uploads", limit: 8 })];
    await queue.add(photo("c1"));
    await settle();
    expect(waiting).toMatchObject([{ captureId: "c1", state: "waiting" }]);
    timers.pass(60_000);
    await settle();
    expect(sent).toEqual(["c1"]);
  });

  test("when the session is over the photo stays on the phone and the page is told", async () => {
    uploader.answers = [refused("session-missing", 401)];
    await queue.add(photo("c1"));
    await settle();
    timers.pass(60_000);
    await settle();
    expect(barred).toBe(1);
    expect(uploader.asked).toHaveLength(1);
    expect(await store.list("i1")).toHaveLength(1);
  });

  test("an upload that hangs is given up after thirty seconds without progress, and the others go on", async () => {
    let moves: (share: number) => void = () => undefined;
    const aborted: boolean[] = [];
    const works = uploader.upload.bind(uploader);
    uploader.upload = async (kept, signal, onProgress) => {
      if (kept.captureId !== "c1" || aborted.length > 0) return works(kept, signal, onProgress);
      uploader.asked.push(kept.captureId);
      moves = onProgress;
      signal.addEventListener("abort", () => aborted.push(true));
      return new Promise<void>(() => undefined); // does not even notice that it was given up
    };
    await queue.add(photo("c1"));
    await queue.add(photo("c22"));
    await settle();
    timers.pass(STALLED_AFTER_MS - 1);
    moves(0.5);
    timers.pass(STALLED_AFTER_MS - 1);
    await settle();
    expect([aborted, sent]).toEqual([[], []]); // slow is not stuck
    timers.pass(1);
    await settle();
    expect(aborted).toEqual([true]);
    for (let i = 0; i < 5; i += 1) {
      timers.pass(1000);
      await settle();
    }
    expect(sent.sort()).toEqual(["c1", "c22"]);
    expect(await store.list("i1")).toEqual([]);
  });

  test("notes are kept, replaced and forgotten", async () => {
    await store.note("draft", { text: "a" });
    await store.note("draft", { text: "b" });
    expect(await store.noted("draft")).toEqual({ text: "b" });
    await store.note("draft", undefined);
    expect(await store.noted("draft")).toBeUndefined();
  });
});
