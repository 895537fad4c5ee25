// What a benchmark sees of a page: when pictures come, when the mirror changes, what the connections count.
globalThis.bench = {
  called: 0,
  firstPicture: 0,
  sent: 0,
  shown: 0,
  expected: /^$/,
  pictures: [],
  connections: [],

  /** Measure the next command: from the key to the frame in which the mirror shows this step. */
  expect(step) {
    Object.assign(bench, { sent: 0, shown: 0, expected: new RegExp(`(^|\\D)${step} of 12`) });
  },

  /** Of the connection between the two people, which carries the mirror; the phone's other one goes to the service. */
  async stats() {
    for (const connection of bench.connections) {
      if (connection.connectionState === "closed") continue;
      const stats = [...(await connection.getStats()).values()];
      if (stats.some((stat) => stat.type === "data-channel" && stat.label === "mirror")) return stats;
    }
    return [];
  },

  /** What has been sent so far: by the mirror and the signs of life beside it, and of the camera's picture. */
  async sentBytes() {
    const stats = await bench.stats();
    const channels = stats.filter((stat) => stat.type === "data-channel" && ["mirror", "life"].includes(stat.label));
    const pictures = stats.filter((stat) => stat.type === "outbound-rtp" && stat.kind === "video");
    const sent = (all) => all.reduce((sum, stat) => sum + stat.bytesSent, 0);
    return [sent(channels), sent(pictures)];
  },

  /** The port of the relay that carries the call now, as this side sees it. */
  async relayPort() {
    const stats = await bench.stats();
    const pair = stats.find((stat) => stat.type === "transport")?.selectedCandidatePairId;
    const local = stats.find((stat) => stat.id === pair)?.localCandidateId;
    const url = stats.find((stat) => stat.id === local)?.url;
    return url === undefined ? 0 : Number(/:(\d+)(\?|$)/.exec(url)[1]);
  },

  /** Note when each picture of the camera comes, from now on. */
  watchPictures() {
    bench.pictures = [];
    const [video] = bench.videos();
    const next = () => video.requestVideoFrameCallback((now) => (bench.pictures.push(now), next()));
    next();
  },

  /** When pictures came again after the longest stall since then; `null`: not yet, or there was none. */
  backAt([from, stallMs]) {
    const { pictures } = bench;
    let longest = stallMs;
    let back = null;
    for (let n = 1; n < pictures.length; n += 1) {
      const stall = pictures[n] - Math.max(pictures[n - 1], from);
      if (pictures[n] > from && stall > longest) [longest, back] = [stall, pictures[n]];
    }
    return back;
  },

  /** How many pictures came since then. */
  picturesSince: (from) => bench.pictures.filter((at) => at > from).length,

  videos: () => [...document.querySelectorAll(".camera-side video")].filter((video) => video.srcObject !== null),
};

globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(...given) {
    super(...given);
    bench.connections.push(this);
  }
};

addEventListener(
  "keydown",
  ({ key }) => {
    if (key === "v" && bench.called === 0) {
      bench.called = performance.now();
      awaitPicture();
    }
    if (key === "g") {
      bench.sent = performance.now();
      awaitMirror();
    }
  },
  true,
);

function awaitPicture() {
  const [video] = bench.videos();
  if (video === undefined) requestAnimationFrame(awaitPicture);
  else video.requestVideoFrameCallback((now) => (bench.firstPicture = now));
}

function awaitMirror() {
  const mirrored = document.querySelector(".mirror iframe")?.contentDocument?.body?.textContent ?? "";
  if (bench.expected.test(mirrored)) bench.shown = performance.now();
  else requestAnimationFrame(awaitMirror);
}
