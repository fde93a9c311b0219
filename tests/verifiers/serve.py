"""Signs and verifies mail for the tests: a JSON request a line on stdin, a JSON answer a line.

An answer begins with the request's id. A message travels in base64. What fails is answered with
{"id": ..., "error": ...}. It ends with its stdin.
"""

import base64
import json
import sys

import sign
import verify

OPERATIONS = {
    "publish": sign.publish,
    "sign": sign.sign,
    "seal": sign.seal,
    "verify": verify.verify,
    "verify_dkim": verify.verify_dkim,
}


def answer(request):
    if "message" in request:
        request["message"] = base64.b64decode(request["message"])
    result = OPERATIONS[request.pop("operation")](**request)
    if isinstance(result, bytes):
        return {"message": base64.b64encode(result).decode("ascii")}
    return result


def main():
    for line in sys.stdin:
        request = json.loads(line)
        reply = {"id": request.pop("id")}
        try:
            reply |= answer(request)
        except Exception as error:  # The test that asked has to see it, whatever it is.
            reply |= {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
