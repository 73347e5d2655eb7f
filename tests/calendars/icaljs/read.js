// Reads a calendar file from standard input with ical.js; prints what it holds, as JSON.
// Each file's own VTIMEZONEs count alone: ical.js knows no other zone, as a client of its kind.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";

const CLOCK = { dtstart: "starts_at", dtend: "ends_at" };
const TEXTS = ["uid", "summary", "location", "description", "status"];

const calendar = new ICAL.Component(ICAL.parse(readFileSync(0, "utf8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) {
  ICAL.TimezoneService.register(zone);
}

function seen(event) {
  const found = {};
  for (const [property, name] of Object.entries(CLOCK)) {
    found[name] = event.getFirstPropertyValue(property).toUnixTime();
  }
  for (const name of TEXTS) {
    found[name] = event.getFirstPropertyValue(name) ?? "";
  }
  found.sequence = event.getFirstPropertyValue("sequence");
  found.organizer = event.getFirstProperty("organizer").getParameter("cn") ?? "";
  return found;
}

const events = calendar.getAllSubcomponents("vevent").map(seen);
process.stdout.write(JSON.stringify(events));
