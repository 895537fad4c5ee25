// The desk of the bare mirror: plays what comes, and measures from a command to the frame that shows what it did.
const connection = new RTCPeerConnection();
const mirror = connection.createDataChannel("mirror", { negotiated: true, id: 1 });
const commands = connection.createDataChannel("commands", { negotiated: true, id: 2 });
const gathered = new Promise((done) => (connection.onicecandidate = ({ candidate }) => candidate ?? done()));
const player = new rrweb.Replayer([], { root: document.querySelector("main"), liveMode: true, mouseTail: false, showWarning: false });
const heading = () => player.iframe.contentDocument?.querySelector("h1")?.textContent ?? "";

player.startLive(Date.now());
mirror.onmessage = ({ data }) => player.addEvent({ ...JSON.parse(data), timestamp: Date.now() });

async function until(isTrue) {
  while (!isTrue()) await new Promise(requestAnimationFrame);
}
globalThis.shown = until(() => heading() !== "");
globalThis.answer = async (offer) => {
  await connection.setRemoteDescription(offer);
  await connection.setLocalDescription();
  await gathered;
  return connection.localDescription.toJSON();
};
globalThis.go = async (step) => {
  const before = heading();
  const began = performance.now();
  commands.send(String(step));
  await until(() => heading() !== before);
  return performance.now() - began;
};
