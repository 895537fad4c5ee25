/** Everything of the live session that is loaded after the camera, as one piece. */

export { ChatSheet } from "./ChatSheet";
export { ControlSheet } from "./ControlSheet";
export { ExampleSheet } from "./ExampleSheet";
export { LiveCall } from "./live-call";
export { Overlay } from "./Overlay";
export { RecordingAsk } from "./RecordingAsk";
