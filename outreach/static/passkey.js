// Passkeys: fetches what is to be signed, lets the browser's key sign it, and sends the form.
// Without this module the form is sent with an empty answer, and the page says what is missing.

const toBytes = (text) => {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};

const toText = (bytes) => {
  const plain = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const withBytes = (keys = []) => keys.map((key) => ({ ...key, id: toBytes(key.id) }));

const make = async (options) => {
  const key = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      user: { ...options.user, id: toBytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    },
  });
  return answer(key, {
    attestationObject: toText(key.response.attestationObject),
    transports: key.response.getTransports ? key.response.getTransports() : [],
  });
};

const show = async (options) => {
  const key = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: toBytes(options.challenge),
      allowCredentials: withBytes(options.allowCredentials),
    },
  });
  return answer(key, {
    authenticatorData: toText(key.response.authenticatorData),
    signature: toText(key.response.signature),
    userHandle: key.response.userHandle ? toText(key.response.userHandle) : null,
  });
};

const answer = (key, more) =>
  JSON.stringify({
    id: key.id,
    rawId: toText(key.rawId),
    type: key.type,
    clientExtensionResults: key.getClientExtensionResults(),
    response: { clientDataJSON: toText(key.response.clientDataJSON), ...more },
  });

const sign = async (form) => {
  const asked = await fetch(form.dataset.passkey, { method: "POST", body: new FormData(form) });
  if (!asked.ok) throw new Error(`the service answered ${asked.status}`);
  const options = await asked.json();
  const fields = form.elements;
  fields.credential.value = await (fields.purpose.value === "add" ? make : show)(options);
  form.submit();
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const problem = form.querySelector("[data-passkey-problem]");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      await sign(form);
    } catch {
      // Put off, timed out, no such key: the person may try again, or go another way.
      problem.hidden = false;
      button.disabled = false;
      button.focus();
    }
  });
}
