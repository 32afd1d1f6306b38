"""What a screen reader tells of the main pages of each role: the parts of `main` in order, others may be between them.

By the names of `tests/console/pages`; the walk over all pages compares them.
"""

from collections.abc import Mapping
from typing import Final

HEARD: Final[Mapping[str, str]] = {
    "sign_in-form": """
        - main:
          - heading /Sign in/ [level=1]
          - textbox
          - button
    """,
    "home-admin": """
        - main:
          - heading "What needs you" [level=1]
          - paragraph:
            - link "policy"
    """,
    "reviews-queue": """
        - main:
          - heading "Reviews" [level=1]
          - button "Take the next review"
    """,
    "review-first": """
        - main:
          - heading "Acme Insights" [level=1]
          - term: Review
          - definition: First, round 1
          - term: Due
          - definition:
            - time
          - term: Holder
          - definition: you
          - button "Give it back to the queue"
          - region "Why it is here":
            - heading "Why it is here" [level=2]
            - blockquote: /The webhook answers within a second/
          - region "Steps":
            - heading "Steps" [level=2]
            - status:
              - text: /automatic steps are under way/
              - link "Look again"
            - article "The end-to-end check with the test account Not decided yet":
              - heading "The end-to-end check with the test account Not decided yet" [level=3]
              - button "Read the test account"
              - group:
                - textbox "What you saw"
                - 'button "Pass: The end-to-end check with the test account"'
                - 'button "Fail: The end-to-end check with the test account"'
                - 'button "Waive: The end-to-end check with the test account"'
          - region "What was submitted":
            - heading "What was submitted" [level=2]
            - group:
              - list:
                - listitem:
                  - link "Logo":
                    - img "Logo"
          - region "Messages with the partner":
            - textbox "Write to the partner"
            - button "Send the message"
          - region "Notes, which partners never see":
            - textbox "Add a note"
            - button "Add the note"
          - region "What happened before"
          - region "Decide":
            - heading "Decide" [level=2]
            - textbox "In your own words"
            - 'button "Show the mail: approve"'
            - button "Approve"
            - button "Ask for changes"
            - button "Keep it as a draft"
    """,
    "app-new": """
        - main:
          - navigation "Pages of Acme Charts":
            - list:
              - listitem:
                - link "Overview"
          - heading "Acme Charts" [level=1]
    """,
    "checklist-app-info": """
        - main:
          - navigation /Pages of/
          - heading "What your App is" [level=1]
          - textbox "Description"
          - combobox "Category"
          - combobox "Second category, if there is one"
    """,
    "submissions-answers": """
        - main:
          - heading "Check your answers" [level=1]
          - heading "Acme Charts" [level=2]
          - term: Components
          - definition:
            - link "Change the Components"
          - heading "It cannot be submitted now" [level=2]
          - list:
            - listitem: The App has no Component. Add a subscription, a stream or a plugin.
    """,
    "test_runs-ended": """
        - main:
          - navigation /Pages of/
          - heading "The whole suite" [level=1]
    """,
    "events-some": """
        - main:
          - heading "Events of Sent" [level=1]
          - paragraph:
            - link "Send a test event from here"
          - heading "What it declares" [level=2]
          - status
          - region "What it declares":
            - table
          - heading "What has come" [level=2]
          - navigation "Show"
          - list
    """,
    "event_tries-form": """
        - main:
          - heading "Send a test event" [level=1]
          - navigation "Examples":
            - list:
              - listitem:
                - link "Email Opened"
          - textbox "Event, as JSON"
          - button "Send it to the sandbox"
    """,
    "catalog-list": """
        - main:
          - heading "Catalog" [level=1]
          - search:
            - searchbox "Words"
            - combobox "Category"
            - combobox "Component"
            - combobox "Badge"
            - checkbox "Only members of the Select Partner Program"
            - button "Search"
    """,
    "catalog-entry": """
        - main:
          - heading "Acme Insights" [level=1]
          - heading "What it does" [level=2]
          - heading "Pictures" [level=2]
          - list:
            - listitem:
              - link "Picture 1 of Acme Insights":
                - img "Picture 1 of Acme Insights"
          - heading "Enable it" [level=2]
          - heading "Help" [level=2]
          - heading "About this App" [level=2]
    """,
}
