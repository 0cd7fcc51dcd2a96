"""Rules of guard_template.py: who may call the sign-in functions, and what those may do.

A decision gives nothing by itself, since Okta and Cognito sign. But it tells who may do what, so
nobody else is to be able to ask for one.
"""

import json

from template_words import NOTHING, TRACES, arn, bare, either, leading, may, too_wide

# Each sign-in function: its folder, and the condition on which it is deployed at all.
FUNCTIONS = {
    "SamlHook": ("saml-hook", None),
    "TokenHook": ("token-hook", "HasTokenHook"),
    "PreToken": ("pre-token", "HasUserPool"),
}
# Those that Okta calls, by a route of the API or a URL: the conditions of the two.
HOOKS = {"SamlHook": ("UseHttpApi", "UseFunctionUrl"), "TokenHook": ("HasTokenHookApi", "HasTokenHookUrl")}
# By its name: in a second Region the stack has not made it.
TABLE = {"Fn::Sub": "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"}
ENVIRONMENT = {"SIGNET_TABLE": {"Ref": "TableName"}, "SIGNET_DEADLINE_MS": {"Ref": "DeadlineMs"}}
HOOK_AUTH = {
    "SIGNET_HOOK_AUTH": {"Ref": "HookAuth"},
    "SIGNET_HOOK_SECRET_SHA256": either("UseHeader", {"Ref": "HookSecretSha256"}, NOTHING),
}
# All that is said of a function. What else there is would be a way to be called (FunctionUrlConfig, Events) or code
# that is not the function's (Layers, FileSystemConfigs, ImageUri, InlineCode).
ALL_OF_FUNCTION = {
    *("Description", "CodeUri", "Handler", "Runtime", "Architectures", "MemorySize", "Timeout", "Tracing", "Role"),
    *("LoggingConfig", "Environment", "Tags"),
}
ALL_OF_SIGN_IN = ALL_OF_FUNCTION | {
    *("AutoPublishAlias", "VersionDescription", "DeploymentPreference", "ProvisionedConcurrencyConfig"),
    *("ReservedConcurrentExecutions", "PropagateTags"),
}
BY_TABLE = {
    "kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"},
    "kms:EncryptionContext:aws:dynamodb:tableName": {"Ref": "TableName"},
}
KEY = either("HasCustomerKey", may("kms:Decrypt", {"Ref": "KmsKeyArn"}, {"StringEquals": BY_TABLE}), NOTHING)
LAMBDA = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
# All that the stack is made of. What else there is could hold a permission, or be a door, without this guard looking
# at it: inline policies of queues and topics, permissions of layers, event source mappings, other APIs, nested stacks.
KNOWN = {
    *(f"AWS::ApiGatewayV2::{kind}" for kind in ("Api", "Authorizer", "Integration", "Route", "Stage")),
    *("AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard", "AWS::DynamoDB::Table", "AWS::IAM::Role"),
    *("AWS::KMS::Key", "AWS::Lambda::Permission", "AWS::Lambda::Url", "AWS::Logs::LogGroup"),
    *("AWS::Logs::MetricFilter", "AWS::Logs::QueryDefinition", "AWS::SNS::Subscription", "AWS::SNS::Topic"),
    *("AWS::SNS::TopicPolicy", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "AWS::Scheduler::Schedule"),
    "AWS::Serverless::Function",
}
SAM = "AWS::Serverless-2016-10-31"
AUTHORIZER = {
    "ApiId": {"Ref": "HookApi"},
    "AuthorizerType": "JWT",
    "IdentitySource": ["$request.header.Authorization"],
    "JwtConfiguration": {"Issuer": {"Ref": "JwtIssuer"}, "Audience": [{"Ref": "JwtAudience"}]},
}
CONDITIONS = {
    "UseHeader": {"Fn::Equals": [{"Ref": "HookAuth"}, "header"]},
    "UseHttpApi": {"Fn::Equals": [{"Ref": "FrontDoor"}, "http-api"]},
    "UseFunctionUrl": {"Fn::Equals": [{"Ref": "FrontDoor"}, "function-url"]},
    "UseJwt": {"Fn::And": [{"Condition": "UseHttpApi"}, {"Fn::Equals": [{"Ref": "HookAuth"}, "jwt"]}]},
    "HasTokenHook": {"Fn::Equals": [{"Ref": "DeployTokenHook"}, "true"]},
    "HasTokenHookApi": {"Fn::And": [{"Condition": "HasTokenHook"}, {"Condition": "UseHttpApi"}]},
    "HasTokenHookUrl": {"Fn::And": [{"Condition": "HasTokenHook"}, {"Condition": "UseFunctionUrl"}]},
    "IsTraced": {"Fn::Equals": [{"Ref": "Tracing"}, "Active"]},
    "HasUserPool": {"Fn::Not": [{"Fn::Equals": [{"Ref": "UserPoolArn"}, ""]}]},
}
# With which parameters the template refuses to be deployed: without them anybody would get in.
NEEDS = {
    "HeaderNeedsDigests": ("header", ["HookSecretSha256"]),
    "JwtNeedsAuthorizer": ("jwt", ["JwtIssuer", "JwtAudience", "JwtScope"]),
}
JWT_NEEDS_API = {"Fn::Equals": [{"Ref": "FrontDoor"}, "http-api"]}
# Why a new version of each goes back, and what a version's description says beside the release: all settings
# that are not secret and that the function has, so that a change of one is a change of the function.
ROLLS_BACK = {
    "SamlHook": ["SamlHookFaultsAlarm", "SamlHookErrorsAlarm", "SamlHookSlowAlarm"],
    "TokenHook": ["TokenHookFaultsAlarm", "TokenHookErrorsAlarm", "TokenHookSlowAlarm"],
    "PreToken": ["PreTokenFaultsAlarm", "PreTokenCrashesAlarm", "PreTokenTimeoutsAlarm", "PreTokenSlowAlarm"],
}
PUBLISHED = "Release ${Release}: ${Architecture}, ${DeadlineMs} ms, tracing ${Tracing}"
PROVISIONED = {"ProvisionedConcurrentExecutions": {"Ref": "ProvisionedConcurrency"}}
MOVE = ["lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig"]
CODE_DEPLOY = {
    "Effect": "Allow",
    "Principal": {"Service": "codedeploy.amazonaws.com"},
    "Action": "sts:AssumeRole",
    "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
}
THROTTLES = {"ThrottlingRateLimit": {"Ref": "ThrottleRate"}, "ThrottlingBurstLimit": {"Ref": "ThrottleBurst"}}
POOL = "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/"
ALIAS = "arn:aws:lambda:eu-central-1:111122223333:function:signet-PreToken-1"
NO_POOLS = ["*", f"{POOL}*", f"{POOL}x_?", f"{POOL}x_y,{POOL}x_z", "arn:aws:cognito-idp:*:111122223333:userpool/x_y"]
# What parameters must not take: anybody's source of calls, or a secret in place of its digest.
NARROW = {
    "UserPoolArn": NO_POOLS,
    "JwtScope": ["one two", " ", "x" * 65],
    "HookSecretSha256": ["s3cret", "," * 3, "0" * 63],
}
ONE_POOL_NARROW = {
    "UserPoolArn": ["", *NO_POOLS],
    # Without the alias, the permission would be on what nobody calls.
    "PreTokenArn": ["", "*", "arn:aws:lambda:eu-central-1:111122223333:function:*:live", ALIAS, f"{ALIAS}:7"],
}


def live(name):
    """The alias that is called: of the function itself, nobody may call what was not published."""
    return {"Ref": f"{name}.Alias"}


def route_of(name):
    return f"POST /{FUNCTIONS[name][0]}"


def may_call(function, principal, source, account=None):
    """All that a permission on a function is to say."""
    said = {"Action": "lambda:InvokeFunction", "FunctionName": function, "Principal": principal, "SourceArn": source}
    return said | ({"SourceAccount": account} if account else {})


def by_route(name):
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${HookApi}"
    return may_call(live(name), "apigateway.amazonaws.com", {"Fn::Sub": f"{api}/*/POST/{FUNCTIONS[name][0]}"})


def by_user_pool(function):
    pool = {"Ref": "UserPoolArn"}
    return may_call(function, "cognito-idp.amazonaws.com", pool, {"Fn::Select": [4, {"Fn::Split": [":", pool]}]})


def by_url(name):
    """The two that a URL which authenticates nobody needs, and nothing that would do without the URL."""
    said = {"FunctionName": live(name), "Principal": "*"}
    return {
        f"{name}UrlPermission": said | {"Action": "lambda:InvokeFunctionUrl", "FunctionUrlAuthType": "NONE"},
        f"{name}UrlInvokePermission": said | {"Action": "lambda:InvokeFunction", "InvokedViaFunctionUrl": True},
    }


PERMISSIONS = {f"{name}Permission": by_route(name) for name in HOOKS}
PERMISSIONS |= {permission: said for name in HOOKS for permission, said in by_url(name).items()}
PERMISSIONS["PreTokenPermission"] = by_user_pool(live("PreToken"))


def faults_of_code(template, name, folder, environment, known):
    """What runs in a function, with which settings, and what else is on it."""
    function = template.get(name)
    built = {"BuildMethod": "rust-cargolambda", "BuildProperties": {"Binary": folder}}
    metadata = template.resources.get(name, {}).get("Metadata", {})
    # What cfn-lint is told to pass over changes nothing that is built.
    if {key: value for key, value in metadata.items() if key != "cfn-lint"} != built:
        yield name, f"is not built as the binary `{folder}` by cargo-lambda; restore its Metadata"
    if function.get("CodeUri") != f"../functions/{folder}":
        yield name, f"is not built alone, from ../functions/{folder}; restore CodeUri"
    if function.get("Environment") != {"Variables": environment}:
        yield name, f"has another environment than {', '.join(sorted(environment))}, or from elsewhere; restore it"
    for way in sorted(set(function) - known):
        yield name, f"has `{way}`: others could call it, or run in it; take it off"


def faults_of_sign_in_functions(template):
    for name, (folder, _) in FUNCTIONS.items():
        function, log = template.get(name), f"{name}Log"
        wanted = ENVIRONMENT | (HOOK_AUTH if name in HOOKS else {})
        yield from faults_of_code(template, name, folder, wanted, ALL_OF_SIGN_IN)
        if function.get("Timeout", 3) != 5 or function.get("MemorySize", 128) < 512:
            yield name, "has no 5 seconds, or less than 512 MB; restore Timeout and MemorySize"
        if function.get("LoggingConfig") != {"LogFormat": "JSON", "LogGroup": {"Ref": log}}:
            yield name, f"does not write its decisions to {log}; restore LoggingConfig"
        kept = [template.resources.get(log, {}).get(policy) for policy in ("DeletionPolicy", "UpdateReplacePolicy")]
        if kept != ["Retain", "Retain"] or template.get(log).get("RetentionInDays") != {"Ref": "LogRetentionDays"}:
            yield log, "loses decisions with the stack, or keeps them for ever; restore Retain and RetentionInDays"
        # SAM passes both on to the versions, and says Retain for the second where it is left out.
        kept = [template.resources.get(name, {}).get(policy) for policy in ("UpdateReplacePolicy", "DeletionPolicy")]
        if kept != ["Retain", None]:
            yield name, "loses the version before; restore UpdateReplacePolicy, and leave DeletionPolicy to SAM"
        yield from ((name, what) for what in faults_of_versions(name, function))
    if template.globals:
        yield "SamlHook", "and the others get settings from `Globals`, where this guard does not look; state them there"
    if template.content.get("Transform") != SAM or "Fn::Transform" in json.dumps(template.content):
        yield "SamlHook", f"and the others are what a transform makes of them; leave {SAM} alone"


def faults_of_versions(name, function):
    """How a sign-in function gets new code and settings."""
    if function.get("AutoPublishAlias") != "live":
        yield "publishes no alias `live`, which is what its callers call; restore AutoPublishAlias"
    # Changed parameters alone make no version (SAM sees their names, not their values).
    if "${Release}" not in function.get("Description", {}).get("Fn::Sub", ""):
        yield "does not change with Release, and then Lambda publishes no version; name it in Description"
    described = PUBLISHED + (", ${HookAuth}" if name in HOOKS else "")
    if function.get("VersionDescription") != {"Fn::Sub": described}:
        yield "keeps its old settings when parameters change; restore VersionDescription"
    deployed = {
        "Enabled": {"Fn::FindInMap": ["Deployments", {"Ref": "Deployment"}, "Gradual"]},
        "Type": {"Fn::Sub": "CodeDeployDefault.Lambda${Deployment}"},
        "PassthroughCondition": True,
        "Role": arn("DeployRole"),
        "Alarms": [{"Ref": alarm} for alarm in ROLLS_BACK[name]],
    }
    if function.get("DeploymentPreference") != deployed:
        yield f"does not go back when {' or '.join(ROLLS_BACK[name])} rises; restore DeploymentPreference"
    if function.get("ProvisionedConcurrencyConfig") != either("HasProvisionedConcurrency", PROVISIONED, NOTHING):
        yield "is not kept started by ProvisionedConcurrency; restore ProvisionedConcurrencyConfig"
    reserved = either("HasReservedConcurrency", {"Ref": "ReservedConcurrency"}, NOTHING)
    if function.get("ReservedConcurrentExecutions") != reserved:
        yield "has no bound by ReservedConcurrency; restore ReservedConcurrentExecutions"


def faults_of_deploy_role(template):
    name = "DeployRole"
    wanted = [may("cloudwatch:DescribeAlarms", "*")]
    for function, (_, condition) in FUNCTIONS.items():
        move = may(MOVE, [arn(function), {"Fn::Sub": f"${{{function}.Arn}}:*"}])
        wanted.append(either(condition, move, NOTHING) if condition else move)
    if [bare(statement) for statement in template.statements(name)] != wanted:
        yield name, "may do more or less than see alarms and move the aliases of the sign-in functions"


def faults_of_sign_in_roles(template):
    for name in FUNCTIONS:
        role = f"{name}Role"
        if template.get(name).get("Role") != arn(role):
            yield name, f"does not have the role {role}, which is its own; set Role"
        own = [
            may("dynamodb:BatchGetItem", TABLE, leading("META", "APP#*", "GROUP#*")),
            may(["logs:CreateLogStream", "logs:PutLogEvents"], arn(f"{name}Log")),
            TRACES,
            KEY,
        ]
        if [bare(statement) for statement in template.statements(role)] != own:
            yield role, "may do more or less than read settings, apps and groups, write its own log and send traces"


def faults_of_doors(template):
    for name, said in template.of("AWS::Lambda::Permission").items():
        if name not in PERMISSIONS:
            yield name, "lets somebody call a function, whom this guard does not know; take it out"
        elif said != PERMISSIONS[name]:
            yield name, "lets others call than its one route, URL or user pool; restore SourceArn and the rest"
    for name in HOOKS:
        integration, route = f"{name}Integration", f"{name}Route"
        if template.get(integration).get("IntegrationUri") != live(name):
            yield integration, f"does not lead to the alias of {name}; restore IntegrationUri"
        if template.get(f"{name}Url") != {"TargetFunctionArn": live(name), "AuthType": "NONE"}:
            yield f"{name}Url", f"does not lead to the alias of {name} alone, for all to call; restore it"
        if template.get(route).get("Target") != {"Fn::Sub": f"integrations/${{{integration}}}"}:
            yield route, f"does not lead to {integration}, and so to {name}; restore Target"
        if template.get(route).get("RouteKey") != route_of(name):
            yield route, f"is not `{route_of(name)}`, which Okta is told and the permission names; restore RouteKey"
    for name in template.of("AWS::Lambda::Url"):
        if name not in {f"{hook}Url" for hook in HOOKS}:
            yield name, "is a URL of no hook that this guard knows; take it out"
    for name, route in template.of("AWS::ApiGatewayV2::Route").items():
        if name not in {f"{hook}Route" for hook in HOOKS}:
            yield name, "is a route to no sign-in function that this guard knows; take it out"
        checked = [route.get("AuthorizationType"), route.get("AuthorizerId")]
        if checked != [either("UseJwt", "JWT", "NONE"), either("UseJwt", {"Ref": "JwtAuthorizer"}, NOTHING)]:
            yield name, "is open in jwt mode: the authorizer does not stand before it; restore AuthorizationType"
        if route.get("AuthorizationScopes") != either("UseJwt", [{"Ref": "JwtScope"}], NOTHING):
            yield name, "takes any client's token of the issuer and audience; restore AuthorizationScopes"
    for name, resource in template.resources.items():
        if (kind := resource["Type"]) not in KNOWN:
            yield name, f"is of the type {kind}, a door or a permission that this guard does not look at; take it out"


def faults_of_api(template):
    if set(template.of("AWS::ApiGatewayV2::Api")) != {"HookApi"}:
        yield "HookApi", "is not the one API; what others lead to, this guard does not know"
    if set(template.get("HookApi")) & {"Target", "Body", "BodyS3Location", "RouteKey"}:
        yield "HookApi", "makes routes of its own, without authorizer; leave them to AWS::ApiGatewayV2::Route"
    stage = template.get("HookStage")
    limits = stage.get("DefaultRouteSettings", {})
    if any(limits.get(limit) != value for limit, value in THROTTLES.items()) or stage.get("RouteSettings"):
        yield "HookStage", "does not throttle by ThrottleRate and ThrottleBurst; restore DefaultRouteSettings"
    if stage.get("AccessLogSettings", {}).get("DestinationArn") != arn("HookAccessLog"):
        yield "HookStage", "does not note who called; restore AccessLogSettings"
    authorizer = template.get("JwtAuthorizer")
    if any(authorizer.get(key) != value for key, value in AUTHORIZER.items()):
        yield "JwtAuthorizer", "takes other tokens than those of JwtIssuer for JwtAudience; restore it"
    if template.resources.get("JwtAuthorizer", {}).get("Condition") != "UseJwt":
        yield "JwtAuthorizer", "is not there whenever HookAuth is jwt; let its Condition be UseJwt"
    for name, (mode, parameters) in NEEDS.items():
        rule = template.rules.get(name, {})
        asserted = [each.get("Assert") for each in rule.get("Assertions", [])]
        wanted = [{"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]} for parameter in parameters]
        if rule.get("RuleCondition") != {"Fn::Equals": [{"Ref": "HookAuth"}, mode]} or asserted != wanted:
            yield "HookApi", f"can be had in {mode} mode without {' or '.join(parameters)}; restore the rule `{name}`"
    rule = template.rules.get("JwtNeedsApi", {})
    asserted = [each.get("Assert") for each in rule.get("Assertions", [])]
    if rule.get("RuleCondition") != {"Fn::Equals": [{"Ref": "HookAuth"}, "jwt"]} or asserted != [JWT_NEEDS_API]:
        yield "HookApi", "can be left out in jwt mode: a function URL verifies no token; restore the rule `JwtNeedsApi`"
    if template.parameters.get("HookSecretSha256", {}).get("NoEcho") is not True:
        yield "SamlHook", "has digests that anybody sees in the console; let HookSecretSha256 say `NoEcho: true`"
    yield from (("SamlHook", what) for what in too_wide(template.parameters, NARROW))


def faults_of_choice(template):
    """The SAML hook is there always, the others where somebody asked for them."""
    for name, definition in CONDITIONS.items():
        if template.conditions.get(name) != definition:
            yield "HookApi", f"or what is behind it hangs on the condition `{name}`, which is another; restore it"
    parts = {f"{name}{part}": on for name, (_, on) in FUNCTIONS.items() for part in ("", "Role", "Log")}
    parts |= dict.fromkeys(("HookApi", "HookStage", "HookAccessLog"), "UseHttpApi")
    parts |= {"PreTokenPermission": "HasUserPool", "DeployRole": None}
    for name, (api, url) in HOOKS.items():
        parts |= {f"{name}{part}": api for part in ("Integration", "Route", "Permission")}
        parts |= {f"{name}{part}": url for part in ("Url", "UrlPermission", "UrlInvokePermission")}
    for part, condition in parts.items():
        if part not in template.resources:
            yield part, ""
        elif template.resources[part].get("Condition") != condition:
            yield part, f"is not deployed on {condition or 'no condition'}; correct its Condition"
    if template.parameters.get("FrontDoor", {}).get("Default") != "http-api":
        yield "HookApi", "is left out without having been asked to; let the default of FrontDoor be `http-api`"
    if template.outputs.get("PreTokenArn", {}).get("Value") != live("PreToken"):
        yield "PreToken", "is not told by its alias, which alone user pools may call; correct the output PreTokenArn"
    for parameter, off, function in (("DeployTokenHook", "false", "TokenHook"), ("UserPoolArn", "", "PreToken")):
        if template.parameters.get(parameter, {}).get("Default") != off:
            yield function, f"is deployed without having been asked for; let the default of {parameter} be `{off}`"


def faults_of_user_pool(template):
    name = "UserPoolPermission"
    if set(template.resources) != {name}:
        yield name, "is not alone: what else the stack makes, this guard does not know"
    if template.get(name) != by_user_pool({"Ref": "PreTokenArn"}):
        yield name, "lets others call than its one user pool, or calls something else; restore it"
    for needed in ("PreTokenArn", "UserPoolArn"):
        if "Default" in template.parameters.get(needed, {"Default": ""}):
            yield name, f"can be made without {needed}; let that parameter have no default"
    yield from ((name, what) for what in too_wide(template.parameters, ONE_POOL_NARROW))


SIGN_IN = (
    faults_of_sign_in_functions,
    faults_of_sign_in_roles,
    faults_of_deploy_role,
    faults_of_doors,
    faults_of_api,
    faults_of_choice,
)
