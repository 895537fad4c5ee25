import "fake-indexeddb/auto";

import { IDBFactory } from "fake-indexeddb";
import { beforeEach, describe, expect, test } from "vitest";

import { IndexedPhotoStore, MemoryPhotoStore, type PhotoStore } from "../src/core/photo-store";
import { Refused, Unreached } from "../src/core/problems";
import { RecordingUploads, type RecordingChunk } from "../src/core/recording";
import { FakeTimers, settle } from "./fakes";

const bytes = (...values: number[]): ArrayBuffer => new Uint8Array(values).buffer;

describe.each([
  ["on the phone's disk", () => IndexedPhotoStore.open(new IDBFactory())],
  ["in memory", async () => new MemoryPhotoStore()],
] as const)("a recording's way to the service, kept %s", (_, open) => {
  let store: PhotoStore;
  let timers: FakeTimers;
  let sent: string[];
  let problem: Error | null;
  let isFree: boolean;
  let refused: string[];

  const uploads = (): RecordingUploads =>
    new RecordingUploads(
      "i1",
      store,
      {
        sendChunk: async (chunk: RecordingChunk) => {
          if (problem !== null) throw problem;
          sent.push(`${chunk.kind} ${chunk.n} ${new Uint8Array(chunk.bytes).join()} ${chunk.sha256.length}`);
        },
        finishRecording: async (id, chunks) => {
          if (problem !== null) throw problem;
          sent.push(`finish ${id} ${JSON.stringify(chunks)}`);
        },
      },
      () => isFree,
      (id) => refused.push(id),
      timers,
      () => 1,
    );

  beforeEach(async () => {
    store = await open();
    timers = new FakeTimers();
    sent = [];
    refused = [];
    problem = null;
    isFree = true;
  });

  test("chunks are numbered for each kind, sent once with their hash, and the end is told last", async () => {
    const way = uploads();
    await way.begin("r1");
    await Promise.all([way.add("r1", "video", bytes(1)), way.add("r1", "mirror", bytes(9)), way.add("r1", "video", bytes(2))]);
    await way.add("r1", "video", bytes());
    await way.finish("r1");
    await way.add("r1", "video", bytes(3)); // too late
    await settle();
    expect([...sent].sort()).toEqual(["finish r1 {\"video\":2,\"mirror\":1}", "mirror 0 9 64", "video 0 1 64", "video 1 2 64"].sort());
    expect(sent.at(-1)).toContain("finish");
    expect(way.isPending).toBe(false);
  });

  test("photos go first", async () => {
    const way = uploads();
    isFree = false;
    await way.begin("r1");
    await way.add("r1", "video", bytes(1));
    await settle();
    expect(sent).toEqual([]);
    isFree = true;
    timers.pass(2_000);
    await settle();
    expect(sent).toHaveLength(1);
  });

  test("without a network chunks wait, in order, and come after it", async () => {
    const way = uploads();
    problem = new Unreached();
    await way.begin("r1");
    await way.add("r1", "video", bytes(1));
    await settle();
    await way.add("r1", "video", bytes(2));
    problem = null;
    timers.pass(40_000);
    await settle();
    expect(sent).toEqual(["video 0 1 64", "video 1 2 64"]);
  });

  test("a page that was killed ends its recordings, and the next page sends what is left", async () => {
    problem = new Unreached();
    const first = uploads();
    await first.begin("r1");
    await first.add("r1", "video", bytes(1));
    await settle();
    problem = null;
    const second = uploads();
    await second.resume();
    await settle();
    expect(sent).toEqual(["video 0 1 64", 'finish r1 {"video":1}']);
  });

  describe("what an earlier page left", () => {
    const disk = { isAway: false };

    beforeEach(async () => {
      problem = new Unreached();
      const before = uploads();
      await before.begin("r1");
      await before.add("r1", "video", bytes(1));
      await settle();
      problem = null;
      disk.isAway = false;
      const works = store.noted.bind(store);
      store.noted = async <T>(key: string): Promise<T | undefined> => {
        if (disk.isAway) throw new Error("the disk is away");
        return works<T>(key);
      };
    });

    test("is sent later when the store cannot be read at first, beside what this page records", async () => {
      disk.isAway = true;
      const way = uploads();
      await way.resume();
      await way.begin("r2");
      await way.add("r2", "video", bytes(2));
      await settle();
      disk.isAway = false;
      timers.pass(40_000);
      await settle();
      await way.finish("r2");
      await settle();
      expect([...sent].sort()).toEqual(['finish r1 {"video":1}', 'finish r2 {"video":1}', "video 0 1 64", "video 0 2 64"]);
      expect(way.isPending).toBe(false);
    });

    test("is not lost to the next page when this one ends before it could be read", async () => {
      disk.isAway = true;
      const way = uploads();
      await way.resume();
      problem = new Unreached();
      await way.begin("r2");
      disk.isAway = false;
      problem = null;
      const next = uploads();
      await next.resume();
      await settle();
      expect(sent).toEqual(["video 0 1 64", 'finish r1 {"video":1}']);
    });

    test("stays when a recording begins while it is read", async () => {
      const way = uploads();
      const read = way.resume();
      await Promise.all([read, way.begin("r2")]);
      await way.finish("r2");
      await settle();
      expect([...sent].sort()).toEqual(['finish r1 {"video":1}', "finish r2 {}", "video 0 1 64"]);
    });

    test("is forgotten when the consent is taken back while it is read", async () => {
      isFree = false;
      const way = uploads();
      await Promise.all([way.resume(), way.abandonAll()]);
      isFree = true;
      timers.pass(60_000);
      await settle();
      expect(sent).toEqual([]);
      expect(await store.firstChunk("i1")).toBeUndefined();
    });

    test.each([["a word"], [[null, { id: 7 }]], [{}]])("that is none of ours (%j) stops nothing", async (nonsense) => {
      await store.note("recordings:i1", nonsense);
      const way = uploads();
      await way.resume();
      await way.begin("r2");
      await way.add("r2", "video", bytes(2));
      await settle();
      expect(sent.at(-1)).toBe("video 0 2 64");
    });
  });

  test("a consent taken back forgets what was not sent", async () => {
    const way = uploads();
    isFree = false;
    await way.begin("r1");
    await way.add("r1", "video", bytes(1));
    await way.add("r1", "mirror", bytes(2));
    await way.abandonAll();
    isFree = true;
    timers.pass(60_000);
    await settle();
    expect(sent).toEqual([]);
    expect(await store.firstChunk("i1")).toBeUndefined();
  });

  test.each(["firstChunk", "removeChunk"] as const)("a store that fails once (%s) does not end the uploads", async (call) => {
    const works = store[call].bind(store);
    store[call] = async () => {
      throw new Error("the disk is away");
    };
    const way = uploads();
    await way.begin("r1");
    await way.add("r1", "video", bytes(1));
    await settle();
    store[call] = works as never;
    timers.pass(40_000);
    await settle();
    expect(sent.at(-1)).toBe("video 0 1 64");
    await way.add("r1", "video", bytes(2));
    await settle();
    expect(sent.at(-1)).toBe("video 1 2 64");
  });

  test("a store that cannot forget a refused recording is asked again, and another recording goes on", async () => {
    const forget = store.removeChunks.bind(store);
    store.removeChunks = async () => {
      throw new Error("the disk is away");
    };
    const way = uploads();
    problem = new Refused("consent-missing", 403, "", "");
    await way.begin("r1");
    await way.add("r1", "video", bytes(1));
    await settle();
    store.removeChunks = forget;
    timers.pass(40_000);
    await settle();
    expect(refused).toEqual(["r1"]);
    problem = null;
    await way.begin("r2");
    await way.add("r2", "video", bytes(2));
    await settle();
    expect(sent).toEqual(["video 0 2 64"]);
  });

  test("a recording that the service will not have is dropped, and another goes on", async () => {
    const way = uploads();
    problem = new Refused("consent-missing", 403, "", "");
    await way.begin("r1");
    await way.add("r1", "video", bytes(1));
    await settle();
    expect(refused).toEqual(["r1"]);
    problem = null;
    await way.begin("r2");
    await way.add("r2", "video", bytes(2));
    await settle();
    expect(sent).toEqual(["video 0 2 64"]);
  });
});
