"""What inventory agents send and are answered, without any database: OCS and FusionInventory XML, GLPI JSON."""
