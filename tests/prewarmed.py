"""What each process would do once, done before by the one whose forks they are, when it has imported all else.

Its forks find the templates compiled, and the patterns of the pages' paths and the migrations read. No collection of
garbage in them looks at what was imported.
"""

import gc

from starlette.applications import Starlette

from console.client import ApiClient
from console.main import ROOMS
from console.rendering import TEMPLATES, Pages, Words
from migrations.run import head_revision

for name in TEMPLATES.list_templates():
    TEMPLATES.get_template(name)
for room in ROOMS:
    room.routes(ApiClient(Starlette()), Pages(Words("", "")))
head_revision()
gc.collect()
gc.freeze()
