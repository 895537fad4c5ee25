// Stands in for a phone's two cameras: torch, zoom and both sides, which Chromium's own fake camera has not.
//
// The picture is a canvas with two spots of known colours at known places, beside the outline of the car. `window.stubCamera` is how a test looks at it
// and makes it misbehave: `lies` takes settings and changes nothing, `isStill` runs and gives no pictures.
(() => {
  const SPOTS = [[0.1, 0.2, "#ff00ff"], [0.9, 0.8, "#00ffff"]];
  const SIZES = { environment: [1280, 720], user: [720, 1280] };
  const camera = { torch: false, zoom: 1, facing: null, lies: false, isStill: false, opened: 0, asked: [], photos: 0 };
  window.stubCamera = camera;

  const paint = (canvas, number) => {
    const { width, height } = canvas;
    const pen = canvas.getContext("2d", { alpha: false });
    pen.fillStyle = camera.torch ? "#d8d8c8" : "#707468";
    pen.fillRect(0, 0, width, height);
    pen.fillStyle = "#404040";
    for (let x = 0; x < width; x += 80) pen.fillRect(x, ((x * 7) % height) | 0, 30, 30);
    for (const [x, y, colour] of SPOTS) {
      pen.fillStyle = colour;
      pen.beginPath();
      pen.arc(x * width, y * height, 0.035 * Math.max(width, height), 0, 7);
      pen.fill();
    }
    pen.fillStyle = number % 2 ? "#303030" : "#505050"; // no two pictures in a row are the same
    pen.fillRect(width - 20, 0, 20, 20);
  };

  const open = (facing) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = SIZES[facing];
    Object.assign(camera, { facing, torch: false, zoom: 1, opened: camera.opened + 1, canvas });
    let number = 0;
    paint(canvas, number);
    const timer = setInterval(() => camera.isStill || paint(canvas, (number += 1)), 100);
    const stream = canvas.captureStream(10);
    const [track] = stream.getVideoTracks();
    const { stop } = track;
    track.stop = () => {
      clearInterval(timer);
      stop.call(track);
    };
    track.getCapabilities = () => ({ torch: true, zoom: { min: 1, max: 5, step: 0.1 } });
    track.getSettings = () => {
      const { torch, zoom } = camera;
      return { deviceId: facing, facingMode: facing, width: canvas.width, height: canvas.height, torch, zoom };
    };
    track.applyConstraints = async ({ advanced }) => {
      for (const wanted of advanced) {
        camera.asked.push(wanted);
        if (!camera.lies) Object.assign(camera, wanted);
      }
    };
    return stream;
  };

  const devices = navigator.mediaDevices;
  const getUserMedia = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    if (!wanted.video) return getUserMedia(wanted);
    const side = wanted.video.deviceId?.exact ?? wanted.video.facingMode?.ideal;
    return open(side === "user" ? "user" : "environment");
  };
  devices.enumerateDevices = async () =>
    ["environment", "user"].map((deviceId) => ({ deviceId, kind: "videoinput", label: deviceId, groupId: "" }));

  window.ImageCapture = class {
    // A still is larger than the video, as on a phone.
    async takePhoto() {
      camera.photos += 1;
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = SIZES[camera.facing].map((side) => side * 2);
      paint(canvas, camera.photos);
      return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.9));
    }
  };
})();
