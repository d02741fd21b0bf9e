"use strict";
// Requests to the service: questions, a stream, and their errors in one sentence.

const Data = {
  get key() { return sessionStorage.getItem("key"); },
  set key(value) { sessionStorage.setItem("key", value); },

  headers(more) {
    return this.key ? { ...more, Authorization: `Bearer ${this.key}` } : { ...more };
  },

  // The JSON at an address. Throws an Error with a sentence for people, and the status.
  async get(path, params, signal) {
    let response;
    try {
      response = await fetch(path + (params ? `?${new URLSearchParams(params)}` : ""), { headers: this.headers(), signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Error("The service cannot be reached.");
    }
    return this.read(response);
  },

  async read(response) {
    let body = {};
    try { body = await response.json(); } catch { /* an empty or foreign body */ }
    if (!response.ok) {
      const error = new Error(sentence(body.error || response.statusText, body.hint));
      error.status = response.status;
      throw error;
    }
    return body;
  },

  async send(event) {
    let response;
    try {
      response = await fetch("event?wait=true", {
        method: "POST", headers: this.headers({ "Content-Type": "application/json" }), body: JSON.stringify(event),
      });
    } catch {
      throw new Error("The service cannot be reached.");
    }
    return this.read(response);
  },

  // Follows a stream of server-sent events until `signal` aborts it, and comes back after an interruption where it was.
  // fetch and not EventSource, which cannot send a key.
  async follow(path, params, signal, onAnswer, onState) {
    let lastId = "", pause = 1000;
    while (!signal.aborted) {
      try {
        const headers = this.headers(lastId ? { "Last-Event-ID": lastId } : {});
        const response = await fetch(`${path}?${new URLSearchParams(params)}`, { headers, signal });
        if (!response.ok) return await this.read(response);
        onState("live");
        pause = 1000;
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        let text = "";
        for (;;) {
          const { value, done } = await reader.read();
          if (done) break;
          text += value;
          let end;
          while ((end = text.indexOf("\n\n")) >= 0) {
            const fields = {};
            for (const line of text.slice(0, end).split("\n")) {
              const colon = line.indexOf(": ");
              if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
            }
            text = text.slice(end + 2);
            if (fields.event === "problem") onState("problem", fields.data);
            else if (fields.data) { lastId = fields.id; onState("live"); onAnswer(JSON.parse(fields.data)); }
          }
        }
      } catch (error) {
        if (signal.aborted) return undefined;
        if (error.status) throw error;
      }
      if (signal.aborted) return undefined;
      onState("lost");
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 30000);
    }
    return undefined;
  },
};

function sentence(text, hint) {
  const first = text ? text[0].toUpperCase() + text.slice(1) : "The request failed";
  return first + (/[.?!]$/.test(first) ? "" : ".") + (hint ? ` ${hint}` : "");
}
