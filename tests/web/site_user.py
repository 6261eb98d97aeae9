"""A browser without a screen, for the tests of the website."""

import json
import re


class User:
    """A browser: keeps its cookie and sends the token that its pages hold."""

    def __init__(self, app):
        self.app = app
        self.client = app.test_client()
        page = self.client.get("/").get_data(as_text=True)
        data = re.search(r'<script type="application/json" id="script-data">(.*?)</script>', page)[1]
        self.headers = {"X-CSRF-Token": json.loads(data)["csrf"]}

    @property
    def site(self):
        return self.app.extensions["colorgan"]

    def get(self, address, **options):
        return self.client.get(address, headers=self.headers, **options)

    def post(self, address, **options):
        return self.client.post(address, headers=self.headers, **options)

    def patch(self, address, values):
        return self.client.patch(address, headers=self.headers, json=values)

    def delete(self, address):
        return self.client.delete(address, headers=self.headers)

    def upload(self, data, name="photo.jpg"):
        return self.post("/api/files", query_string={"name": name}, data=data)

    def finished(self, file):
        """Waits until a file is no longer worked on."""
        record = self.site.store.get(file["id"])
        seen = 0
        while record is not None and (record.state in ("waiting", "working")):
            newer = self.site.jobs.events.wait(record.user, seen, 60)
            assert newer != seen, f"nothing happens: {record}"
            seen = newer
            record = self.site.store.get(file["id"])
        return self.get(f"/api/files/{file['id']}").json

    def coloured(self, data, name="photo.jpg"):
        """Uploads a file and waits for the result."""
        answer = self.upload(data, name)
        assert answer.status_code == 201, answer.json
        return self.finished(answer.json)

    def result(self, file):
        return self.get(file["links"]["result"]).get_data()
