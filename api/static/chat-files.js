// Voice and pictures: recording, and making a photo small enough for a poor line.

const TYPES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4", "audio/webm"];
const LONGEST = 10 * 60 * 1000; // milliseconds of one recording
const FROM_A_SCREEN = ["image/png", "image/gif"];
const SMALL_ENOUGH = 1_500_000; // bytes of such a picture that is sent as it is
const LONGEST_SIDE = 2000; // pixels of a photo drawn again: papers stay readable

export const canRecord = () =>
  Boolean(window.MediaRecorder && navigator.mediaDevices && navigator.mediaDevices.getUserMedia);

// Start recording. Gives {finished, stop, drop}: `finished` resolves to a Blob, or null if dropped.
// Rejects when the microphone is refused.
export async function record({ onSecond, onLevel }) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, mimeType ? { mimeType, audioBitsPerSecond: 24000 } : {});
  const pieces = [];
  let dropped = false;
  const started = performance.now();
  const stopMeter = meter(stream, onLevel);
  const clock = setInterval(() => {
    const passed = performance.now() - started;
    onSecond(Math.floor(passed / 1000));
    if (passed > LONGEST) stop();
  }, 250);
  const stop = () => recorder.state !== "inactive" && recorder.stop();
  recorder.addEventListener("dataavailable", (event) => event.data.size && pieces.push(event.data));
  const finished = new Promise((resolve) => {
    recorder.addEventListener("stop", () => {
      clearInterval(clock);
      stopMeter();
      for (const track of stream.getTracks()) track.stop();
      resolve(dropped ? null : new Blob(pieces, { type: recorder.mimeType.split(";")[0] }));
    });
  });
  recorder.start(1000);
  return { finished, stop, drop: () => { dropped = true; stop(); } };
}

// Report the loudness (0 to 1) of a stream until the returned function is called.
function meter(stream, onLevel) {
  const context = new AudioContext();
  const ears = context.createAnalyser();
  ears.fftSize = 512;
  context.createMediaStreamSource(stream).connect(ears);
  const samples = new Uint8Array(ears.fftSize);
  let frame = 0;
  const listen = () => {
    ears.getByteTimeDomainData(samples);
    let loudest = 0;
    for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample - 128));
    onLevel(Math.min(1, loudest / 64));
    frame = requestAnimationFrame(listen);
  };
  listen();
  return () => {
    cancelAnimationFrame(frame);
    context.close();
  };
}

// Draw a photo again, smaller if it is large: the copy has lost what the camera wrote into it (the
// place, the hour, the telephone). A small picture of a screen is sent as it is, and so is what the
// browser cannot read: the server judges it.
export async function lighter(file) {
  if (!file.type.startsWith("image/") || !window.createImageBitmap) return file;
  if (FROM_A_SCREEN.includes(file.type) && file.size <= SMALL_ENOUGH) return file;
  const picture = await createImageBitmap(file).catch(() => null);
  if (!picture) return file;
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "white"; // JPEG knows no glass: letters on it would stand on black
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const drawn = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  return drawn || file;
}
