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

  async stats() {
    const all = [];
    for (const connection of bench.connections) {
      if (connection.connectionState === "connected") (await connection.getStats()).forEach((stat) => all.push(stat));
    }
    return all;
  },

  /** What has been sent so far: by the mirror, and of the camera's picture beside it. */
  async sentBytes() {
    const stats = await bench.stats();
    const mirror = stats.find((stat) => stat.type === "data-channel" && stat.label === "mirror");
    const transport = mirror && stats.find((stat) => stat.type === "transport" && stat.dtlsState === "connected");
    const pictures = stats.filter((stat) => stat.type === "outbound-rtp" && stat.kind === "video" && transport);
    return [mirror?.bytesSent ?? 0, Math.max(0, ...pictures.map((stat) => stat.bytesSent))];
  },

  /** The port of the relay that carries the call now, as this side sees it. */
  async relayPort() {
    const stats = await bench.stats();
    const channel = stats.find((stat) => stat.type === "data-channel" && stat.label === "mirror");
    const pairs = stats.filter((stat) => stat.type === "transport").map((stat) => stat.selectedCandidatePairId);
    const used = stats.filter((stat) => stat.type === "candidate-pair" && pairs.includes(stat.id));
    const urls = used.map((pair) => stats.find((stat) => stat.id === pair.localCandidateId)?.url ?? "");
    const url = urls.find((each) => each.startsWith("turn:"));
    return channel === undefined || url === undefined ? 0 : Number(/:(\d+)(\?|$)/.exec(url)[1]);
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
