/**
 * Photos and drafts on the phone, in IndexedDB: what is here survives a reload, a killed page and an empty battery.
 *
 * Bytes are kept as ArrayBuffers: some versions of Safari lose Blobs in IndexedDB.
 */

import type { KeptPhoto } from "./capture";
import type { ChunkStore, RecordingChunk } from "./recording";

const NAME = "inspection";
/** 2: chunks of recordings. */
const VERSION = 2;
const PHOTOS = "photos";
const NOTES = "notes";
const CHUNKS = "chunks";

/** The phone refuses to keep more: no room, or private browsing. */
export class NoRoom extends Error {
  constructor(cause: unknown) {
    super("The phone could not keep the photo.", { cause });
    this.name = "NoRoom";
  }
}

/** Where photos wait until the service has them. */
export interface PhotoStore extends ChunkStore {
  /** Resolves once the photo is on disk. @throws NoRoom */
  put(photo: KeptPhoto): Promise<void>;
  /** All photos of one inspection, oldest first. */
  list(inspectionId: string): Promise<KeptPhoto[]>;
  remove(captureId: string): Promise<void>;
  /** A small draft (a text being typed); `undefined` forgets it. */
  note(key: string, value: unknown): Promise<void>;
  noted<T>(key: string): Promise<T | undefined>;
}

function asked<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () =>
      reject(transaction.error ?? new Error("IndexedDB transaction ended early"));
  });
}

/** `PhotoStore` in the browser's own database. */
export class IndexedPhotoStore implements PhotoStore {
  private constructor(private readonly database: IDBDatabase) {}

  /** Open or make the database. @throws NoRoom The browser offers none (some private modes). */
  static async open(factory: IDBFactory = indexedDB): Promise<IndexedPhotoStore> {
    try {
      const request = factory.open(NAME, VERSION);
      request.onupgradeneeded = () => {
        const { result: made } = request;
        if (!made.objectStoreNames.contains(PHOTOS)) {
          made.createObjectStore(PHOTOS, { keyPath: "captureId" }).createIndex("inspection", "inspectionId");
          made.createObjectStore(NOTES);
        }
        made.createObjectStore(CHUNKS, { keyPath: ["recordingId", "kind", "n"] }).createIndex("inspection", "inspectionId");
      };
      const database = await asked(request);
      // A newer page of ours may want to upgrade: do not stand in its way.
      database.onversionchange = () => database.close();
      return new IndexedPhotoStore(database);
    } catch (error) {
      throw new NoRoom(error);
    }
  }

  async put(photo: KeptPhoto): Promise<void> {
    try {
      // "strict": the shutter only answers once the bytes have left the operating system's cache.
      const transaction = this.database.transaction(PHOTOS, "readwrite", { durability: "strict" });
      transaction.objectStore(PHOTOS).put(photo);
      await finished(transaction);
    } catch (error) {
      throw new NoRoom(error);
    }
  }

  async list(inspectionId: string): Promise<KeptPhoto[]> {
    const index = this.database.transaction(PHOTOS).objectStore(PHOTOS).index("inspection");
    const photos = (await asked(index.getAll(inspectionId))) as KeptPhoto[];
    return photos.sort((a, b) => a.takenAt.localeCompare(b.takenAt));
  }

  async remove(captureId: string): Promise<void> {
    const transaction = this.database.transaction(PHOTOS, "readwrite");
    transaction.objectStore(PHOTOS).delete(captureId);
    await finished(transaction);
  }

  async note(key: string, value: unknown): Promise<void> {
    const transaction = this.database.transaction(NOTES, "readwrite");
    if (value === undefined) transaction.objectStore(NOTES).delete(key);
    else transaction.objectStore(NOTES).put(value, key);
    await finished(transaction);
  }

  async noted<T>(key: string): Promise<T | undefined> {
    return (await asked(this.database.transaction(NOTES).objectStore(NOTES).get(key))) as T | undefined;
  }

  async putChunk(chunk: RecordingChunk): Promise<void> {
    try {
      const transaction = this.database.transaction(CHUNKS, "readwrite");
      transaction.objectStore(CHUNKS).put(chunk);
      await finished(transaction);
    } catch (error) {
      throw new NoRoom(error);
    }
  }

  async firstChunk(inspectionId: string): Promise<RecordingChunk | undefined> {
    const index = this.database.transaction(CHUNKS).objectStore(CHUNKS).index("inspection");
    return (await asked(index.get(inspectionId))) as RecordingChunk | undefined;
  }

  async removeChunk(chunk: Pick<RecordingChunk, "recordingId" | "kind" | "n">): Promise<void> {
    const transaction = this.database.transaction(CHUNKS, "readwrite");
    transaction.objectStore(CHUNKS).delete([chunk.recordingId, chunk.kind, chunk.n]);
    await finished(transaction);
  }

  async removeChunks(recordingId: string): Promise<void> {
    const transaction = this.database.transaction(CHUNKS, "readwrite");
    // An array sorts after every string: all kinds and numbers of this recording.
    transaction.objectStore(CHUNKS).delete(IDBKeyRange.bound([recordingId], [recordingId, []]));
    await finished(transaction);
  }
}

/** `PhotoStore` that is still being opened: the page need not wait for the disk before it shows anything. */
export class OpeningPhotoStore implements PhotoStore {
  constructor(private readonly opening: Promise<PhotoStore>) {}

  async put(photo: KeptPhoto): Promise<void> {
    await (await this.opening).put(photo);
  }

  async list(inspectionId: string): Promise<KeptPhoto[]> {
    return (await this.opening).list(inspectionId);
  }

  async remove(captureId: string): Promise<void> {
    await (await this.opening).remove(captureId);
  }

  async note(key: string, value: unknown): Promise<void> {
    await (await this.opening).note(key, value);
  }

  async noted<T>(key: string): Promise<T | undefined> {
    return (await this.opening).noted<T>(key);
  }

  async putChunk(chunk: RecordingChunk): Promise<void> {
    await (await this.opening).putChunk(chunk);
  }

  async firstChunk(inspectionId: string): Promise<RecordingChunk | undefined> {
    return (await this.opening).firstChunk(inspectionId);
  }

  async removeChunk(chunk: Pick<RecordingChunk, "recordingId" | "kind" | "n">): Promise<void> {
    await (await this.opening).removeChunk(chunk);
  }

  async removeChunks(recordingId: string): Promise<void> {
    await (await this.opening).removeChunks(recordingId);
  }
}

/** `PhotoStore` in memory: for tests, and for phones that offer no database (photos then live as long as the page). */
export class MemoryPhotoStore implements PhotoStore {
  private readonly photos = new Map<string, KeptPhoto>();
  private readonly notes = new Map<string, unknown>();
  private chunks: readonly RecordingChunk[] = [];

  async put(photo: KeptPhoto): Promise<void> {
    this.photos.set(photo.captureId, photo);
  }

  async list(inspectionId: string): Promise<KeptPhoto[]> {
    return [...this.photos.values()].filter((photo) => photo.inspectionId === inspectionId);
  }

  async remove(captureId: string): Promise<void> {
    this.photos.delete(captureId);
  }

  async note(key: string, value: unknown): Promise<void> {
    this.notes.set(key, value);
  }

  async noted<T>(key: string): Promise<T | undefined> {
    return this.notes.get(key) as T | undefined;
  }

  async putChunk(chunk: RecordingChunk): Promise<void> {
    this.chunks = [...this.chunks, chunk];
  }

  async firstChunk(inspectionId: string): Promise<RecordingChunk | undefined> {
    return this.chunks.find((chunk) => chunk.inspectionId === inspectionId);
  }

  async removeChunk(chunk: Pick<RecordingChunk, "recordingId" | "kind" | "n">): Promise<void> {
    const { recordingId, kind, n } = chunk;
    this.chunks = this.chunks.filter((c) => !(c.recordingId === recordingId && c.kind === kind && c.n === n));
  }

  async removeChunks(recordingId: string): Promise<void> {
    this.chunks = this.chunks.filter((chunk) => chunk.recordingId !== recordingId);
  }
}
