/** The seller's page: puts the parts together and starts. */

import { effect } from "@preact/signals";
import { render } from "preact";

import { Http, SellerApi } from "./core/api";
import { IndexedPhotoStore, MemoryPhotoStore, OpeningPhotoStore, type PhotoStore } from "./core/photo-store";
import type { Memory } from "./core/place-memory";
import { Seller } from "./core/seller";
import { TusUploader } from "./core/tus-uploader";
import { App } from "./ui/seller/App";
import { camera, reviveTheCamera } from "./ui/seller/camera-state";
import { liveCall, livePanel, parts } from "./ui/seller/live-state";
import { language, offersDemo, provide, setDemo, state, suggestLanguage } from "./ui/seller/context";

const memory: Memory = {
  get: (key) => localStorage.getItem(key),
  set: (key, value) => localStorage.setItem(key, value),
};

async function openStore(): Promise<PhotoStore> {
  try {
    const store = await IndexedPhotoStore.open();
    void navigator.storage?.persist?.(); // Asks the browser not to clear it when the phone is full.
    return store;
  } catch {
    return new MemoryPhotoStore(); // Private browsing: photos live as long as the page.
  }
}

async function main(): Promise<void> {
  const root = document.getElementById("app");
  if (root === null) return;
  const plainFetch = (url: string, init: RequestInit): Promise<Response> => fetch(url, init);
  const api = new SellerApi(new Http(plainFetch));
  const seller = new Seller({
    api,
    store: new OpeningPhotoStore(openStore()),
    uploader: new TusUploader(plainFetch),
    openSocket: (url) => new WebSocket(url),
    page: location,
    memory,
    newId: () => crypto.randomUUID(),
    now: () => new Date(),
    isOnline: () => navigator.onLine,
  });
  provide(seller);
  if (offersDemo() && new URLSearchParams(location.search).get("demo") === "1") setDemo(true);
  api.language = localStorage.getItem("language") === null ? null : language.value;

  effect(() => {
    const now = state.value;
    if (now.at === "welcome") suggestLanguage(now.preview.language);
    if (now.at !== "inside") return;
    suggestLanguage(now.view.inspection.language);
    // The link is spent: its secret leaves the address, so that nobody copies it by accident.
    if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
  });

  // The live call is fetched when there is something to show, or somebody rings: never before the camera.
  let hasLiveCall = false;
  effect(() => {
    const now = state.value;
    if (hasLiveCall || now.at !== "inside") return;
    if (camera.value.is !== "open" && now.call === null && livePanel.value.is === "none") return;
    hasLiveCall = true;
    const { id } = now.view.inspection;
    import("./ui/seller/live").then(
      (live) => {
        liveCall.value = new live.LiveCall(seller, id);
        parts.value = live;
      },
      () => (hasLiveCall = false),
    );
  });

  const woke = (): void => {
    if (document.visibilityState !== "visible") return;
    reviveTheCamera();
    seller.woke();
  };
  document.addEventListener("visibilitychange", woke);
  addEventListener("online", woke);
  addEventListener("offline", woke);
  addEventListener("pageshow", woke);
  addEventListener("hashchange", () => location.reload()); // Another link was opened in this tab.

  render(<App />, root);
  if (!isSecureContext) seller.store.dispatch({ is: "stopped", why: "insecure" });
  else await seller.start(location.hash.slice(1) || null);
}

void main();
