"""The kinds of configuration, in the order in which they build on each other. A new kind is a class and a line here."""

from hub.configuration.approvals import ApprovalPolicies
from hub.configuration.companies import Calendars, LegalEntities
from hub.configuration.connections import Connections
from hub.configuration.exceptions import CutOffs, GroupingRules, OrderOfExceptions
from hub.configuration.kind import Kind
from hub.configuration.lookup_tables import Tables
from hub.configuration.mapping_versions import Mappings
from hub.configuration.roles import Roles
from hub.configuration.routes import Routes
from hub.configuration.routing import FallbackTeams, RoutingRules, Teams
from hub.configuration.schedules import Schedules
from hub.configuration.subscriptions import Subscriptions

ALL: tuple[Kind, ...] = (
    LegalEntities(), Calendars(), Connections(), Tables(), Mappings(), Routes(), Schedules(), Subscriptions(),
    CutOffs(), GroupingRules(), OrderOfExceptions(), Roles(), Teams(), FallbackTeams(), RoutingRules(),
    ApprovalPolicies(),
)  # fmt: skip
KINDS: dict[str, Kind] = {kind.folder: kind for kind in ALL}
