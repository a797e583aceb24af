"""What clients of the releases send: see release_folder.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PRIVATE_REPORT = """# What the access token of submitHairTest opens, but for the person.
query PrivateReport($publicId: String!, $accessToken: String!) {
  report(publicId: $publicId, accessToken: $accessToken) {
    id
    publicId
    createdAt
    rulesetVersion
    causes {
      cause
      score
      answersThatRaisedIt
    }
    safetyFindings {
      code
      action
    }
    hairTest {
      id
      submittedAt
      hairLossStage
      familyHistory
      dandruff
      sleep
      stress
      hasAcidityOrGas
      energyLevel
      isTakingSupplements
      report {
        publicId
      }
    }
  }
}
"""

WHOLE_ORDER = """# What examples/order.graphql leaves out.
query WholeOrder($accessToken: String!) {
  order(accessToken: $accessToken) {
    id
    paymentMethod
    lines {
      unitPrice {
        minorUnits
      }
      total {
        minorUnits
      }
    }
    pricing {
      subtotal {
        minorUnits
      }
      total {
        minorUnits
      }
    }
    shippingAddress {
      ...Whole
    }
    billingAddress {
      ...Whole
    }
  }
}

fragment Whole on Address {
  name
  addressLine
  city
  state
  pinCode
  country
}
"""

WHOLE_REPORT = """# All that the link of a report shows.
query WholeReport($publicId: String!) {
  report(publicId: $publicId) {
    id
    publicId
    createdAt
    firstName
    gender
    rulesetVersion
    causes {
      cause
      level
      evidence
      explanation
      score
    }
    recovery {
      minMonths
      expectedMonths
      maxMonths
      reasonIfNone
    }
    kit {
      items {
        causes
        product {
          id
          slug
          name
          price {
            minorUnits
          }
        }
      }
      price {
        minorUnits
      }
    }
    nextSteps
    disclaimer
    safetyFindings {
      code
    }
    hairTest {
      id
    }
  }
}
"""

SOMEBODY = """
fragment Somebody on Customer {
  id
  phone
  name
  gender
  createdAt
  isPhoneVerified
  roles
  version
}
"""

ACCOUNT = f"""# What is theirs who are signed in: customers, doctors and administrators alike.
query Account {{
  viewer {{
    roles
    customer {{
      ...Somebody
    }}
    addresses {{
      id
      isDefault
      address {{
        name
        addressLine
        city
        state
        pinCode
        country
      }}
    }}
    hairTests {{
      nodes {{
        id
      }}
    }}
    reports {{
      nodes {{
        publicId
      }}
    }}
    orders {{
      nodes {{
        number
      }}
    }}
    sessions {{
      nodes {{
        id
        device
        createdAt
      }}
    }}
    guestRecords {{
      claimId
      kind
      createdAt
      firstName
      orderNumber
    }}
    treatedCustomers {{
      nodes {{
        ...Somebody
        hairTests {{
          nodes {{
            id
          }}
        }}
        reports {{
          nodes {{
            publicId
          }}
        }}
        orders {{
          nodes {{
            number
          }}
        }}
      }}
    }}
  }}
}}
{SOMEBODY}"""

STAFF = f"""query Staff {{
  staff {{
    nodes {{
      ...Somebody
    }}
  }}
}}
{SOMEBODY}"""

SIGN_OUT = """mutation SignOut {
  signOut {
    isSignedOut
  }
}
"""


def _change(mutation: str, answer: str) -> str:
    """Return a mutation whose only argument is its input; `answer` is what it selects besides refusals."""
    name = f"{mutation[0].upper()}{mutation[1:]}"
    return f"""mutation {name}($input: {name}Input!) {{
  {mutation}(input: $input) {{
    {answer}
    userErrors {{
      code
      message
      path
    }}
  }}
}}
"""


# by release: the names of the examples, and what they leave out
EXAMPLES: Mapping[int, Sequence[str]] = {
    1: ("submit_hair_test", "report", "place_order", "order"),
    2: ("submit_hair_test", "place_order", "order", "request_otp", "verify_otp"),
}
MORE_OPERATIONS: Mapping[int, Mapping[str, str]] = {
    1: {"private_report": PRIVATE_REPORT, "whole_order": WHOLE_ORDER},
    2: {
        "report": WHOLE_REPORT,
        "private_report": PRIVATE_REPORT,
        "whole_order": WHOLE_ORDER,
        "account": ACCOUNT,
        "staff": STAFF,
        "sign_out": SIGN_OUT,
        "update_profile": _change("updateProfile", "customer { version }"),
        "add_address": _change("addAddress", "address { id }"),
        "claim_guest_records": _change("claimGuestRecords", "claimedIds"),
        "invite_staff": _change("inviteStaff", "staff { id }"),
        "assign_staff": _change("assignStaff", "staff { id }"),
    },
}
