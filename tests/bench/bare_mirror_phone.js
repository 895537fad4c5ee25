// The phone of the bare mirror: records itself, and shows the step it is told.
const connection = new RTCPeerConnection();
const mirror = connection.createDataChannel("mirror", { negotiated: true, id: 1 });
const commands = connection.createDataChannel("commands", { negotiated: true, id: 2 });
const gathered = new Promise((done) => (connection.onicecandidate = ({ candidate }) => candidate ?? done()));

document.querySelector("main").innerHTML = `<h1>1 of 12</h1><ol>${"<li>A step of the checklist</li>".repeat(12)}</ol>`;
mirror.onopen = () => rrweb.record({ emit: (event) => mirror.send(JSON.stringify(event)), sampling: { mousemove: false } });
commands.onmessage = ({ data }) => (document.querySelector("h1").textContent = `${data} of 12`);

globalThis.offer = async () => {
  await connection.setLocalDescription();
  await gathered;
  return connection.localDescription.toJSON();
};
globalThis.accept = (answer) => connection.setRemoteDescription(answer);
