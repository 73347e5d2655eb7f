// A page that waits for something: looks again every two seconds and shows what has changed.
// Without this module "Look again" does the same.

const PAUSE_MS = 2000;

const look = async () => {
  const answer = await fetch(location.href);
  if (answer.redirected || !answer.ok) return location.replace(answer.url);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-progress]");
  if (!fresh) return location.reload();
  const shown = document.querySelector("[data-progress]");
  if (shown.innerHTML !== fresh.innerHTML) shown.replaceChildren(...fresh.childNodes);
  return wait();
};

const wait = () => setTimeout(() => look().catch(wait), PAUSE_MS);

wait();
