// While news is being sent: the numbers move by themselves. Without this file there is a link.

const EVERY = 2000; // milliseconds
const UNTIL = Date.now() + 30 * 60 * 1000; // a page left open must not keep its session alive

const live = document.querySelector("[data-progress]");

async function look() {
  const answer = await fetch(live.dataset.progress, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) throw new Error("no answer");
  const now = await answer.json();
  const asleep = now.asleep ? "yes" : "no";
  if (now.state !== live.dataset.state || asleep !== live.dataset.asleep) {
    location.reload();
    return;
  }
  document.getElementById("handled").textContent = now.handled;
  document.getElementById("bar").value = now.handled;
  for (const shown of live.querySelectorAll("[data-counts]")) {
    shown.textContent = now.counts[shown.dataset.counts];
  }
}

async function again() {
  const link = document.getElementById("look-again");
  try {
    if (!document.hidden) await look();
    link.hidden = true;
  } catch {
    link.hidden = false; // no line, or signed out: then by hand
  }
  if (Date.now() < UNTIL) setTimeout(again, EVERY);
  else link.hidden = false;
}

if (live && live.dataset.asleep === "no") again();
