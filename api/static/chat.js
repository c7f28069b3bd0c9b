// The web chat. What is typed lives in this page's memory only; the tab's sessionStorage holds
// nothing but the random number of the conversation. Nothing is dropped when the line breaks: the
// bubble stays, with a button to send it again under the same number, so it arrives once.
//
// On the visitors' page it begins by itself. On the desk, assist.js names the visit and the door in
// `chat.dataset` before it loads this file, and hears of each answer by the event "answered".

import { canRecord, lighter, record } from "./chat-files.js";

const KEY = "conversation";
const NOTICES_EVERY = 8000; // milliseconds
const ASK_AGAIN = 6; // times; the server waits about 25 seconds each time
const PATIENCE = { text: 45_000, file: 240_000 }; // milliseconds

const $ = (id) => document.getElementById(id);
const chat = $("chat");
const say = chat.dataset;
const log = $("log");
const text = $("text");

const random = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"))
    .join("");

function conversationOfThisTab() {
  try {
    const known = sessionStorage.getItem(KEY);
    if (known) return known;
    const fresh = random();
    sessionStorage.setItem(KEY, fresh);
    return fresh;
  } catch {
    return random(); // storage is closed: the conversation lasts as long as the page
  }
}

const { door = "/chat", visit, csrf } = say;
const conversation = visit ? "" : conversationOfThisTab();
let busy = false;

// --- the line to the server

class NotSent extends Error {}

function post(address, body, how = {}) {
  const { type = "application/json", headers = {}, patience = PATIENCE.text, onProgress } = how;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("Accept", "application/json");
    if (csrf) request.setRequestHeader("X-CSRF", csrf);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.timeout = patience;
    if (onProgress) {
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) onProgress(Math.round((100 * event.loaded) / event.total));
      });
    }
    request.addEventListener("load", () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        answer = {}; // a proxy's own error page: judged by its status below
      }
      const { replies = [], clear = false, receipt = null } = answer;
      resolve({ status: request.status, replies, clear, receipt });
    });
    for (const event of ["error", "timeout", "abort"]) {
      request.addEventListener(event, () => reject(new NotSent(say.offline)));
    }
    request.send(body);
  });
}

function hand(thing, onProgress) {
  const { message } = thing;
  if (thing.file) {
    return post(`${door}/files?${new URLSearchParams({ kind: thing.kind })}`, thing.file, {
      // Not in the address: this number opens the draft, and addresses are written into logs.
      headers: { ...(visit ? { "X-Visit": visit } : { "X-Conversation": conversation }), "X-Message": message },
      type: thing.file.type || "application/octet-stream",
      patience: PATIENCE.file,
      onProgress,
    });
  }
  const words = thing.button ? { button: thing.button } : { text: thing.text };
  const from = visit ? { visit } : { conversation };
  return post(`${door}/messages`, JSON.stringify({ ...from, message, ...words }));
}

// Hand a message over. 202 says: it is kept, the answer takes longer. The same message number then asks
// for that answer; what else is in the question does not count, so a file is not sent twice.
async function deliver(thing, onProgress) {
  let answer = await hand(thing, onProgress);
  for (let asked = 0; answer.status === 202 && asked < ASK_AGAIN; asked += 1) {
    answer = await hand(thing.file ? { message: thing.message, button: say.first } : thing);
  }
  return answer;
}

// --- drawing

function element(name, className, ...inside) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

const CALL = /([☎📞]\uFE0F?\s*)(\+?\d[\d ()-]{1,18}\d(?: \/ \+?\d[\d ()-]{1,18}\d)*)/gu;

// Telephone numbers after a telephone sign can be pressed, each of several; everything else stays
// plain text.
function withCalls(words) {
  const parts = [];
  let from = 0;
  for (const match of words.matchAll(CALL)) {
    parts.push(words.slice(from, match.index + match[1].length));
    match[2].split(" / ").forEach((number, place) => {
      const link = element("a", "", number);
      link.href = `tel:${number.replace(/[^\d+]/g, "")}`;
      parts.push(place ? " / " : "", link);
    });
    from = match.index + match[0].length;
  }
  return [...parts, words.slice(from)];
}

const FLAG = /(\p{RI}\p{RI})/u;

// A flag is two signs that Chromium joins only where no Khmer stands in the same run of text.
function withFlags(part) {
  if (typeof part !== "string") return [part];
  return part.split(FLAG).map((piece) => (FLAG.test(piece) ? element("span", "flag", piece) : piece));
}

function bubble(whose, ...inside) {
  const name = element("span", "visually-hidden", `${whose === "mine" ? say.mine : say.theirs}: `);
  const made = element("li", `bubble ${whose}`, name, ...inside.flatMap(withFlags));
  log.append(made);
  return made;
}

// The recorded voice of an answer; fetched only when it is played, for data costs money.
function player(address) {
  const made = element("audio", "");
  made.controls = true;
  made.preload = "none";
  made.src = address;
  return made;
}

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const reveal = (made, block = "nearest") =>
  made.scrollIntoView({ block, behavior: calm.matches ? "auto" : "smooth" });

const oldChoices = () => {
  for (const choices of log.querySelectorAll(".choices")) choices.remove();
};

function choicesOf(reply) {
  const choices = element("li", "choices");
  choices.setAttribute("role", "group");
  choices.setAttribute("aria-label", say.choices);
  for (const { title, payload } of reply.buttons) {
    const [first, ...rest] = title.split(" ");
    const pictured = rest.length && /\p{Extended_Pictographic}|\p{Regional_Indicator}/u.test(first);
    const button = element("button", "");
    button.type = "button";
    if (pictured) {
      const picture = element("span", "picture", first);
      picture.setAttribute("aria-hidden", "true");
      button.append(picture, element("span", "", rest.join(" ")));
    } else {
      button.append(title);
    }
    button.addEventListener("click", () => {
      if (busy) return;
      send({ button: payload, title });
    });
    choices.append(button);
  }
  return choices;
}

function show(replies, { takeFocus = false, stay = false } = {}) {
  let first = null;
  let choices = null;
  for (const reply of replies) {
    const made = bubble("theirs", ...(reply.voice ? [player(reply.voice)] : []), ...withCalls(reply.text));
    first ||= made;
    if (reply.buttons && reply.buttons.length) {
      choices = choicesOf(reply);
      log.append(choices);
    }
  }
  if (!first || stay) return;
  // A long answer is read from its start, a short one with all its buttons in sight.
  const tall = log.lastElementChild.getBoundingClientRect().bottom - first.getBoundingClientRect().top;
  reveal(tall > innerHeight * 0.6 ? first : log.lastElementChild,
    tall > innerHeight * 0.6 ? "start" : "end");
  // Preventing the scroll keeps the reading place just chosen.
  if (takeFocus && choices) choices.querySelector("button").focus({ preventScroll: true });
}

function working(on) {
  busy = on;
  $("thinking").hidden = !on;
  for (const id of ["send", "photo", "record"]) $(id).disabled = on;
  if (on && log.children.length) reveal($("thinking"));
}

const state = (words = "") => { $("state").textContent = words; };

// --- sending

function mineFor(thing) {
  if (thing.title || thing.text) return bubble("mine", thing.title || thing.text);
  if (!thing.file) return null; // opening the chat says nothing aloud
  const local = URL.createObjectURL(thing.file);
  const seen = element({ voice: "audio", photo: "img" }[thing.kind] || "span", "");
  if (thing.kind === "voice") seen.controls = true;
  if (thing.kind === "photo") seen.alt = say.photo;
  if (thing.kind === "document") seen.textContent = `📄 ${say.document}`;
  else seen.src = local;
  return bubble("mine", seen);
}

async function send(thing) {
  const byKeyboard = document.activeElement !== text;
  thing.message ||= random();
  if (!thing.title && !thing.text && !thing.file) thing.seen = thing.seen?.remove();
  thing.seen ||= mineFor(thing);
  thing.seen?.classList.remove("unsent");
  thing.seen?.querySelector(".again")?.remove();
  state();
  working(true);
  const progress = $("progress");
  progress.hidden = !thing.file;
  progress.value = 0;
  try {
    const answer = await deliver(thing, (share) => { progress.value = share; });
    const { status, replies, clear } = answer;
    // A listener that refuses the answer has ended the chat: there is nothing to say any more.
    if (!chat.dispatchEvent(new CustomEvent("answered", { detail: answer, cancelable: true }))) return;
    if (status === 202 || status === 429 || status >= 500) throw new NotSent(status === 429 ? say.slow : say.broken);
    oldChoices();
    if (clear) log.replaceChildren();
    if (status === 413 && !replies.length) replies.push({ text: say.tooLarge });
    show(replies.length || status < 400 ? replies : [{ text: say.broken }],
      { takeFocus: byKeyboard, stay: thing.opening });
  } catch (problem) {
    if (!(problem instanceof NotSent)) throw problem;
    unsent(thing, problem.message);
  } finally {
    working(false);
    progress.hidden = true;
  }
}

function unsent(thing, why) {
  state(why);
  thing.seen ||= bubble("mine");
  thing.seen.classList.add("unsent");
  const again = element("button", "", say.again);
  again.type = "button";
  again.addEventListener("click", () => { if (!busy) send(thing); });
  thing.seen.append(element("span", "again", element("span", "", say.unsent), again));
  reveal(thing.seen, "end");
  again.focus({ preventScroll: true });
}

function write() {
  const words = text.value.trim();
  if (!words || busy) return;
  text.value = "";
  fit();
  send({ text: words });
}

// One big button: a microphone while nothing is written, a paper plane as soon as something is.
function fit() {
  const empty = !text.value.trim();
  $("record").hidden = !(empty && canRecord());
  $("send").hidden = !$("record").hidden;
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

$("composer").addEventListener("submit", (event) => { event.preventDefault(); write(); });
text.addEventListener("input", fit);
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    write();
  }
});

$("photo").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", async () => {
  const [chosen] = $("file").files;
  $("file").value = "";
  if (!chosen || busy) return;
  const file = await lighter(chosen);
  send({ file, kind: file.type.startsWith("image/") ? "photo" : "document" });
});

$("record").addEventListener("click", async () => {
  if (busy) return;
  const bars = [...$("level").children];
  let recording;
  try {
    recording = await record({
      onSecond: (seconds) => {
        $("clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
      },
      onLevel: (level) => {
        if (calm.matches) return;
        bars.forEach((bar, place) => {
          bar.style.transform = `scaleY(${0.2 + level * (1 - Math.abs(place - 2) * 0.25)})`;
        });
      },
    });
  } catch {
    state(say.noMicrophone); // refused or missing: the person can still write
    return;
  }
  state();
  $("clock").textContent = "0:00";
  $("writing").hidden = true;
  $("recording").hidden = false;
  $("keep").focus();
  $("keep").onclick = recording.stop;
  $("drop").onclick = recording.drop;
  const voice = await recording.finished;
  $("recording").hidden = true;
  $("writing").hidden = false;
  $("record").focus();
  if (voice && voice.size) send({ file: voice, kind: "voice" });
});

// --- leaving, coming back, news

function leave(address) {
  try {
    sessionStorage.clear();
  } finally {
    document.documentElement.replaceChildren();
    location.replace(address);
  }
}

function onVisitorsPage() {
  $("exit").addEventListener("click", (event) => {
    event.preventDefault();
    leave("about:blank");
  });

  // The other language takes this page's place: no trail of pages in the browser's history.
  $("other-language").addEventListener("click", (event) => {
    event.preventDefault();
    location.replace(event.currentTarget.href);
  });

  setInterval(async () => {
    if (busy || document.visibilityState !== "visible") return;
    try {
      const { status, replies } = await post("/chat/notices", JSON.stringify({ conversation }));
      if (status === 200) show(replies);
    } catch (problem) {
      if (!(problem instanceof NotSent)) throw problem;
      // No line: the next look in a few seconds asks again, nothing was taken off the queue.
    }
  }, NOTICES_EVERY);

  if (matchMedia("(min-width: 60rem)").matches) $("promises").open = true;
}

if (!visit) onVisitorsPage();
fit();
send({ button: say.first, opening: true });
