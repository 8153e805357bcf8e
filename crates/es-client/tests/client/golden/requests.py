#!/usr/bin/env python3
"""Works out what every endpoint must send, from the facts of the API alone.

    crates/es-client/tests/client/golden/requests.py            # writes requests.ndjson
    crates/es-client/tests/client/golden/requests.py --check    # fails if it differs

It shares no code with es-codegen, so that both would have to be wrong in the
same way for a wrong request to pass. What they share are the samples:

    text                        "<name> /\u00e9"
    list of texts               ["<name> /\u00e9", "b*"]
    boolean                     true
    duration                    1.5 seconds
    integer, or boolean or integer    7
    number                      0.5
    enum                        its first member; a list of it: the first two
    number or enum              as the enum
    text in a body              its own name
    list of texts in a body     ["<name>", "b*"]
    list of numbers in a body   [0.5]
    object, or anything else    {"a":1}
    body without properties     {"a":1}; lines: {"a":1} and {"b":2}

Case N uses the N-th path with its parts and what else is required; case "full"
uses the first path and gives every query parameter and the body: required
parameters first, then by name; properties by name.
"""

import json
import pathlib
import sys
import urllib.parse

HERE = pathlib.Path(__file__).parent
FACTS = HERE.parents[3] / "es-codegen" / "facts"
TARGET = HERE / "requests.ndjson"

MANIFEST = json.loads((FACTS / "manifest.json").read_text())
TYPES = {}
for name in ("types.json", "types-more.json", "dsl.json"):
    TYPES |= json.loads((FACTS / name).read_text())["types"]
ENUMS = MANIFEST["enums"] | {name: it for name, it in TYPES.items() if it["k"] == "enum"}

TEXTS = {"string", "datetime", "bytesize", "string|i32"}
INTEGERS = {"i8", "i16", "i32", "i64", "u32", "u64", "bool|i32"}
ACCEPT = {
    "text": "text/plain",
    "event-stream": "text/event-stream",
    "binary": "application/vnd.mapbox-vector-tile",
}


def is_text(enum):
    """Enums that are open, and the columns of cat, are passed as texts."""
    columns = enum.startswith("Cat") and enum.endswith("Column")
    return columns or ENUMS[enum].get("open", False)


def sample(name, kind):
    """The value of a parameter: a text, or a list of texts."""
    text = f"{name} /\u00e9"
    if kind in TEXTS:
        return text
    if kind in ("string*", "i64*", "bool|string*"):
        return [text, "b*"]
    if kind in INTEGERS:
        return 7
    if kind in ("f32", "f64"):
        return 0.5
    if kind == "bool":
        return True
    if kind == "duration":
        return "1500ms"
    enum, is_list = kind.split("|")[-1].rstrip("*"), kind.endswith("*")
    if is_text(enum):
        return [text, "b*"] if is_list else text
    members = ENUMS[enum]["v"]
    return members[:2] if is_list else members[0]


def plain(value):
    if isinstance(value, list):
        return ",".join(map(plain, value))
    return {True: "true"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def path_of(template, parts, values):
    for part in parts:
        kept = ",*" if part["t"].endswith("*") else ""
        encoded = urllib.parse.quote(plain(values.get(part["n"], "")), safe="-._~" + kept)
        template = template.replace("{" + part["n"] + "}", encoded)
    return template


def query_of(values):
    pairs = (f"{name}={urllib.parse.quote(plain(value), safe='-._~,*:')}" for name, value in values)
    return "&".join(pairs)


def query_parameters(endpoint):
    """Required ones, and the others by name; what is not for users is left out."""
    offered = {}
    shared = MANIFEST["cat"] if endpoint.get("set") == "cat" else []
    common = {param["n"] for param in MANIFEST["common"]}
    for param in endpoint.get("query", []) + shared:
        if not (param.get("part") or param.get("vis") or param["n"] in common):
            offered.setdefault(param["n"], param)
    required = [p for p in endpoint.get("query", []) if p.get("req")]
    others = [offered[name] for name in sorted(offered) if not offered[name].get("req")]
    return required, others


def body_of(endpoint):
    """The body of the full case, as JSON or as a list of lines; None if all
    properties that it could have are not for users."""
    body = endpoint.get("body")
    if body is None:
        return None
    if body["media"][0] == "ndjson":
        return [{"a": 1}, {"b": 2}]
    if "props" not in body:
        return {"a": 1}
    known = TYPES.get(body["type"], {})
    meta, types = known.get("meta", {}), known.get("p", {})
    values = {}
    for name, key in sorted((key.rstrip("?"), key) for key in body["props"]):
        if not meta.get(name, {}).get("vis"):
            values[name] = property_of(name, types.get(key, "any"))
    return values or None


def property_of(name, kind):
    """The value of a property of a body."""
    kind = kind.removesuffix("|null")
    if kind in ("Fuzziness", "MinimumShouldMatch"):
        return name
    if kind == "TrackHits":
        return 7
    is_list = kind.endswith("*") or kind.startswith("[")
    item = kind.rstrip("*").removeprefix("[").removesuffix("]")
    if item in ("string", "datetime", "bytesize", "i64") and is_list:
        return [name, "b*"]
    if item in ("f32", "f64") and is_list:
        return [0.5]
    if item in ("i8", "i16", "i32", "i64", "u32", "u64", "f32", "f64", "bool", "duration"):
        return sample(name, item)
    if item in ("string", "datetime", "bytesize"):
        return name
    if item in ENUMS and is_text(item):
        return [name, "b*"] if is_list else name
    if item in ENUMS:
        return ENUMS[item]["v"][:2] if is_list else ENUMS[item]["v"][0]
    return {"a": 1}


def written(body):
    if body is None:
        return ""
    dump = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "".join(dump(line) + "\n" for line in body) if isinstance(body, list) else dump(body)


def requests(endpoint):
    required, others = query_parameters(endpoint)
    paths = [path for path in endpoint["paths"] if not path.get("dup")]
    cases = [(str(number), path, False) for number, path in enumerate(paths)]
    for case, path, full in cases + [("full", paths[0], True)]:
        parts = [p for p in endpoint["parts"] if "{" + p["n"] + "}" in path["p"]]
        values = {p["n"]: sample(p["n"], p["t"]) for p in parts}
        query = [(p["n"], sample(p["n"], p["t"])) for p in required + (others if full else [])]
        body = body_of(endpoint) if full else None
        headers = {}
        if endpoint.get("body", {}).get("media", [""])[0] == "ndjson":
            headers["content-type"] = "application/x-ndjson"
        accept = ACCEPT.get(endpoint["res"]["kind"])
        if accept:
            headers["accept"] = accept
        bare, _, with_body = path["use"].partition("/")
        target = path_of(path["p"], parts, values)
        yield {
            "name": endpoint["name"],
            "case": case,
            "params": values | dict(query),
            "given": body,
            "method": (with_body or bare) if body else bare,
            "target": target + ("?" + query_of(query) if query else ""),
            "headers": headers,
            "body": written(body),
        }


def main():
    lines = []
    for endpoint in MANIFEST["endpoints"]:
        if endpoint["vis"] == "public":
            lines += [json.dumps(it, ensure_ascii=False) for it in requests(endpoint)]
    text = "\n".join(lines) + "\n"
    if sys.argv[1:] == ["--check"]:
        if TARGET.read_text() != text:
            sys.exit("requests.ndjson differs from the facts: run requests.py")
    else:
        TARGET.write_text(text)


main()
