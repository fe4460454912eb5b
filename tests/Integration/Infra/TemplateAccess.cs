using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace IngressReconciler.Tests.Integration.Infra;

/// <summary>Who gets into what, read from a template, a line for each fact.</summary>
internal static partial class TemplateAccess
{
    private static readonly Dictionary<string, string> RoleNames = new()
    {
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
        ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        ["4d97b98b-1d4f-4787-a291-c67834d212e7"] = "Network Contributor",
        ["acdd72a7-3385-48ef-bd42-f606fba81ae7"] = "Reader",
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = "Storage Blob Data Contributor",
        ["d5a91429-5739-47e2-a06b-3470a27159e7"] = "EventGrid Data Sender",
    };

    /// <summary>Every role: who, what, where.</summary>
    public static IEnumerable<string> Roles(Template template) => template.OfType("Microsoft.Authorization/roleAssignments").Select(one =>
    {
        var id = one.Text("id")!;
        var role = one.Text("properties.roleDefinitionId")!.Split('/')[^1];
        var principal = one.Text("properties.principalId")!;
        var who = Reference().Match(principal) is { Success: true } match ? match.Groups[1].Value + match.Groups[2].Value : principal;
        return $"{Template.Short(who)}: {RoleNames.GetValueOrDefault(role, role)} on {Template.Short(id[..id.IndexOf("/providers/Microsoft.Authorization/", StringComparison.Ordinal)])}";
    });

    /// <summary>How everything that has another way in than an identity of Entra ID keeps it shut.</summary>
    public static IEnumerable<string> Keys(Template template) => template.Resources.SelectMany(one => one.Text("type") switch
    {
        "Microsoft.Storage/storageAccounts" => Said(one, "allowSharedKeyAccess", "allowBlobPublicAccess"),
        "Microsoft.EventGrid/topics" => Said(one, "disableLocalAuth"),
        "Microsoft.Insights/components" => Said(one, "DisableLocalAuth"),
        "Microsoft.OperationalInsights/workspaces" => Said(one, "features.disableLocalAuth"),
        "Microsoft.KeyVault/vaults" => Said(one, "enableRbacAuthorization", "enablePurgeProtection", "accessPolicies"),
        "Microsoft.ContainerService/managedClusters" => Said(one, "disableLocalAccounts", "enableRBAC", "aadProfile.managed", "aadProfile.enableAzureRBAC", "oidcIssuerProfile.enabled", "securityProfile.workloadIdentity.enabled"),
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies" => Said(one, "allow"),
        "Microsoft.Compute/virtualMachineScaleSets" =>
            Said(one, "virtualMachineProfile.osProfile.linuxConfiguration.disablePasswordAuthentication", "virtualMachineProfile.osProfile.adminPassword"),
        _ => [],
    });

    /// <summary>The oldest TLS that is taken, and whether anything goes without.</summary>
    public static IEnumerable<string> Tls(Template template) => template.Resources.SelectMany(one => one.Text("type") switch
    {
        "Microsoft.Storage/storageAccounts" => Said(one, "minimumTlsVersion", "supportsHttpsTrafficOnly"),
        "Microsoft.EventGrid/topics" => Said(one, "minimumTlsVersionAllowed"),
        "Microsoft.Web/sites" => Said(one, "httpsOnly", "siteConfig.minTlsVersion", "siteConfig.scmMinTlsVersion", "siteConfig.ftpsState"),
        _ => [],
    });

    /// <summary>Whom the firewalls of storage, vault and function app let in.</summary>
    public static IEnumerable<string> Firewalls(Template template) => template.Resources.SelectMany(one => (one.Text("type"), one["properties"]) switch
    {
        ("Microsoft.Storage/storageAccounts" or "Microsoft.KeyVault/vaults", var it) =>
            it.Items("networkAcls.virtualNetworkRules").Select(rule => Template.Name(rule.Text("id")))
                .Concat(it.Items("networkAcls.ipRules").Select(rule => rule.Text("value")!))
                .Append($"else {it.Text("networkAcls.defaultAction")}, but {it.Text("networkAcls.bypass")}").Select(line => $"{Template.Name(one.Text("name"))}: {line}"),
        ("Microsoft.Web/sites", var it) =>
            it.Items("siteConfig.ipSecurityRestrictions").Select(rule => $"{rule.Text("ipAddress")} {rule.Text("action")}")
                .Append($"else {it.Text("siteConfig.ipSecurityRestrictionsDefaultAction")}, deployment too: {it.Text("siteConfig.scmIpSecurityRestrictionsUseMain")}")
                .Append($"goes out by {Template.Name(it.Text("virtualNetworkSubnetId"))}").Select(line => $"{Template.Name(one.Text("name"))}: {line}"),
        _ => [],
    });

    /// <summary>Who can be the relay's identity.</summary>
    public static IEnumerable<string> Federation(Template template) => template.Resources
        .Where(one => one.Text("type")!.EndsWith("/federatedIdentityCredentials", StringComparison.Ordinal))
        .Select(one => $"{one.Text("properties.subject")} for {string.Join(' ', one.Texts("properties.audiences"))}");

    /// <summary>The function app's settings whose names or values are known before they are deployed.</summary>
    public static IEnumerable<string> Settings(Template template) => template.OfType("Microsoft.Web/sites/config")
        .SelectMany(one => Setting().Matches(one.Text("properties")!)).Select(match =>
            $"{match.Groups["name"].Value} = {Template.Short(match.Groups["value"].Success ? match.Groups["value"].Value : match.Groups["format"].Success ? match.Groups["format"].Value : "…")}");

    private static IEnumerable<string> Said(JsonNode one, params IEnumerable<string> paths) =>
        paths.Select(path => $"{Template.Short(one.Text("name")!)}: {path} {one["properties"].Text(path) ?? "unset"}");

    // By what a module says, or by the identity or topic itself.
    [GeneratedRegex(@"(?:outputs\.(\w+)\.value|/([^'/]+)', '[\d-]+')")]
    private static partial Regex Reference();

    [GeneratedRegex(@"'(?<name>(?:IngressReconciler__|APPLICATIONINSIGHTS_|AzureWebJobsStorage)\w*)', (?:'(?<value>[^']*)'|format\('(?<format>[^']*)'|\w)")]
    private static partial Regex Setting();
}
