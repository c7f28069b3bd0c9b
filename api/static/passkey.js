// Passkeys (WebAuthn), and printing. Where this file does not run, or the browser knows no passkeys,
// or the page was opened at another address than theirs, the other ways stand on the page.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const known = (list = []) => list.map((each) => ({ ...each, id: bytes(each.id) }));

async function make(asked) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      user: { ...asked.user, id: bytes(asked.user.id) },
      excludeCredentials: known(asked.excludeCredentials),
    },
  });
  return [made, { attestationObject: text(made.response.attestationObject) }];
}

async function show(asked) {
  const shown = await navigator.credentials.get({
    publicKey: {
      ...asked,
      challenge: bytes(asked.challenge),
      allowCredentials: known(asked.allowCredentials),
    },
  });
  const { authenticatorData, signature } = shown.response;
  return [shown, { authenticatorData: text(authenticatorData), signature: text(signature) }];
}

async function answered(form) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value });
  const headers = { Accept: "application/json" };
  const asked = await fetch(form.dataset.challenge, { method: "POST", body, headers });
  const said = await asked.json();
  if (said.confirm) {
    location.assign(`/confirm?back=${encodeURIComponent(location.pathname)}`);
    return false;
  }
  if (!asked.ok) throw new Error(asked.status);
  const [key, response] = await (form.dataset.passkey === "create" ? make : show)(said);
  const { id, rawId, type } = key;
  response.clientDataJSON = text(key.response.clientDataJSON);
  form.elements.answer.value = JSON.stringify({ id, rawId: text(rawId), type, response });
  return true;
}

for (const part of document.querySelectorAll("[data-passkeys]")) {
  if (!window.PublicKeyCredential || location.origin !== part.dataset.origin) continue;
  part.hidden = false;
  for (const note of document.querySelectorAll("[data-no-passkeys]")) note.hidden = true;
  const form = part.querySelector("form[data-passkey]");
  const [button, failed] = [form.querySelector("button"), part.querySelector("[data-failed]")];
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    failed.hidden = true;
    try {
      if (await answered(form)) form.submit();
    } catch {
      failed.hidden = false;
    } finally {
      button.disabled = false;
      button.focus();
    }
  });
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
